#pragma once

#include <boost/asio/awaitable.hpp>
#include <caf/expected.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace backendim::http {

/// One message of a WebSocket (RFC 6455).
struct web_message {
  bool text = false; ///< Else bytes.
  std::string body;
};

/// The server's end of a WebSocket. One read and one write may be under way at once. Only for its
/// server's thread; it lives as long as the exchange that it came of.
class web_socket {
public:
  virtual ~web_socket() = default;

  /// The next message. Fails with unavailable when the other side has closed it, or is gone, with
  /// invalid_request when what comes is not of the protocol.
  virtual boost::asio::awaitable<caf::expected<web_message>> read() = 0;

  /// False: nobody reads it any more.
  virtual boost::asio::awaitable<bool> write(const web_message& x) = 0;

  /// Says that no more will come, and waits for the other side to say so too, for a moment.
  virtual boost::asio::awaitable<void> close() = 0;

  /// Ends the connection at once: what is under way fails.
  virtual void abort() = 0;
};

/// What a WebSocket needs to be told.
struct web_socket_limits {
  size_t message = 1 << 20;           ///< Bytes of one.
  std::chrono::seconds handshake{10}; ///< Of opening and closing.
  std::chrono::seconds silence{60};   ///< Without a sign of life: asked for in between.
};

} // namespace backendim::http
