#pragma once

#include "adapters/proxy/event_loop.hpp"
#include "adapters/proxy/outbox.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace backendim::proxy {

class link;

/// Who is told that a link can go on. It may drop the link then, or itself.
class link_owner {
public:
  virtual void ready(link& from) = 0;

protected:
  ~link_owner() = default;
};

/// A TCP connection that never waits: try, and when there is nothing to read or no room to write,
/// ask to be told. Used by its loop's thread only.
class link : public watched {
public:
  enum class outcome : uint8_t { done, later, ended, failed };
  /// What a handshake has come to; *plain_http*: there will be none, the client does not know that
  /// it should begin one, and is answered without.
  enum class greeting : uint8_t { done, later, failed, plain_http };
  struct received {
    outcome what = outcome::later;
    size_t bytes = 0;
  };

  explicit link(event_loop& loop) : loop_{loop} {}
  ~link() override;
  link(const link&) = delete;
  link& operator=(const link&) = delete;

  /// Takes an accepted descriptor; not connected() afterwards: there is no memory for it.
  void adopt(int descriptor);
  /// Tells the owner when it is connected(), or failed.
  void connect(const boost::asio::ip::tcp::endpoint& to);
  bool connected() const { return connected_; }

  /// Whether nobody on the way can read or change what is said.
  virtual bool secure() const { return false; }
  /// Before anything else; later: ask to be told with want_read().
  virtual greeting greet() { return greeting::done; }

  virtual received read(std::span<char> into);
  /// done: *from* is empty now; later: only a part went, and the rest has to come next.
  virtual outcome write(outbox& from);
  /// A read may find something; if not, ask to be told.
  bool readable() const { return readable_; }

  void want_read();
  void want_write(); ///< Only when a write was told later.
  /// Neither closed by the peer nor has it sent anything. A system call.
  bool quiet();
  /// The peer has closed its side, and nothing else waits to be read. A system call.
  virtual bool hung_up();
  /// Bytes written that the peer has not acknowledged. A system call.
  size_t in_transit();
  void keep_probing(); ///< Finds out about peers that vanished.
  /// Half-closes: all was said. later: not yet, as a write.
  virtual outcome shutdown_send();
  void reset_on_close(); ///< The peer must not take what it got for whole.
  void close();          ///< Its owner hears no more.

  void event(uint32_t what) override;

  link_owner* owner = nullptr;

protected:
  int descriptor() const { return descriptor_; }

  bool readable_ = false;
  bool ending_ = false; ///< Closed by the peer, or broken: a read will not wait.

private:
  void no_delay();
  ssize_t peek();

  event_loop& loop_;
  int descriptor_ = -1;
  bool connecting_ = false;
  bool connected_ = false;
  bool wants_read_ = false;
  bool wants_write_ = false;
};

using link_ptr = boost::intrusive_ptr<link>;

} // namespace backendim::proxy
