#pragma once

#include "adapters/proxy/link.hpp"

#include <memory>
#include <string_view>

struct ssl_st;

namespace backendim::proxy {

class certificate_set;

struct ssl_deleter {
  void operator()(ssl_st* x) const;
};
using ssl_ptr = std::unique_ptr<ssl_st, ssl_deleter>;

/// A client's connection with TLS on it. The stream ends only where the client says so
/// (close_notify): one that is cut is a failure. Likewise the client learns that all was said from
/// shutdown_send() alone; a mere close() is a cut.
class tls_link final : public link {
public:
  /// *from* lives until the handshake has ended.
  tls_link(event_loop& loop, std::shared_ptr<const certificate_set> from);
  ~tls_link() override;

  bool secure() const override { return true; }
  greeting greet() override;
  received read(std::span<char> into) override;
  outcome write(outbox& from) override;
  bool hung_up() override;
  outcome shutdown_send() override;

  void event(uint32_t what) override;

private:
  friend struct wire; ///< What OpenSSL reads from and writes to.

  outcome why(int result);
  void mind_what_is_left();

  std::shared_ptr<const certificate_set> certificates_;
  ssl_ptr ssl_;
  bool plain_ = false;  ///< The handshake failed: no TLS from here on.
  bool broken_ = false; ///< It may not be used any more.
  bool said_all_ = false;
  bool took_all_ = false;        ///< The last look at the socket emptied it.
  bool read_needs_room_ = false; ///< To read, TLS has to write something first, and the reverse.
  bool write_needs_bytes_ = false;
};

} // namespace backendim::proxy
