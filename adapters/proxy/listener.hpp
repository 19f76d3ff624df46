#pragma once

#include "adapters/proxy/event_loop.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <cstdint>
#include <functional>

namespace backendim::proxy {

/// Accepts connections, in its loop's thread.
class listener final : public watched {
public:
  /// *on_client* owns the descriptor that it gets.
  using client_handler = std::function<void(int, const boost::asio::ip::tcp::endpoint&)>;
  listener(event_loop& loop, client_handler on_client);
  ~listener() override;

  int open(const boost::asio::ip::tcp::endpoint& at); ///< 0 or errno. Not yet accepting.
  int adopt(int descriptor); ///< The same with a socket that listens already.
  uint16_t port() const { return port_; }
  void start();
  void close();

  void event(uint32_t what) override;

private:
  event_loop& loop_;
  client_handler on_client_;
  int descriptor_ = -1;
  int spare_ = -1; ///< Given up to turn a client away when there is no other descriptor.
  uint16_t port_ = 0;
};

} // namespace backendim::proxy
