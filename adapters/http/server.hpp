#pragma once

#include "adapters/http/client.hpp"
#include "adapters/http/web_socket.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <caf/expected.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace backendim::http {

/// A request whose head has come, and the way to answer it. Lives until its handler ends. Only for
/// the thread of its server's io_context.
class exchange {
public:
  virtual ~exchange() = default;

  virtual std::string_view method() const = 0;
  virtual std::string_view target() const = 0; ///< As sent: path and query, percent-encoded.
  /// The value of a field, the name in any case; empty when there is none.
  virtual std::string_view field(std::string_view name) const = 0;
  /// Names this request in answers and logs: the caller's X-Request-Id when it can be one.
  virtual const std::string& request_id() const = 0;
  virtual std::optional<uint64_t> content_length() const = 0;
  virtual bool body_ended() const = 0; ///< Nothing of it is left to be read, or there is none.

  /// The next bytes of the body; 0: the end. Fails with unavailable when the client is gone,
  /// timed_out when it fell silent, invalid_request when the framing is wrong.
  virtual boost::asio::awaitable<caf::expected<size_t>> read_some(std::span<char> into) = 0;

  /// Answers. The server adds Content-Length, Connection and X-Request-Id. A client that is gone
  /// is no error.
  virtual boost::asio::awaitable<void> respond(response what) = 0;

  /// Answers with a body whose length is not known: begin once, write, end. False: the client is
  /// gone or the server stops; write no more.
  virtual boost::asio::awaitable<bool> begin_stream(response head) = 0;
  virtual boost::asio::awaitable<bool> write(std::string_view bytes) = 0;
  virtual boost::asio::awaitable<void> end_stream() = 0;

  /// Answers with 101: the connection is a WebSocket from now on, which lives as long as this does.
  /// Fails with invalid_request when none is asked for, unavailable when the client is gone or the
  /// server stops.
  virtual boost::asio::awaitable<caf::expected<web_socket*>> upgrade(web_socket_limits limits = {})
    = 0;

  virtual unsigned status() const = 0; ///< Of the answer, once respond or begin_stream was called.
  bool answered() const { return status() != 0; }

  /// The whole body. Fails like read_some, and with too_large past *limit* bytes.
  boost::asio::awaitable<caf::expected<std::string>> read_body(size_t limit);
};

/// Answers one request; what it leaves unanswered or throws becomes a 500. When the server stops,
/// what a handler awaits is cancelled: a stream at once, the others at the deadline.
using handler = std::function<boost::asio::awaitable<void>(exchange&)>;

struct server_config {
  std::string address = "127.0.0.1";
  uint16_t port = 0;   ///< 0: any; see port().
  int descriptor = -1; ///< A listening socket to use; -1: one is made.
  size_t header_limit = 16 << 10;
  size_t max_connections = 4'096;                    ///< More wait in the kernel's queue.
  std::chrono::milliseconds header_deadline{10'000}; ///< From its first byte to its end.
  std::chrono::milliseconds idle{60'000};            ///< Between two requests.
  std::chrono::milliseconds body_silence{30'000};    ///< Between two pieces of a body.
  std::chrono::milliseconds write_silence{30'000};   ///< While the client takes nothing.
  /// The answer to what never reaches the handler: *code* and a sentence.
  std::function<response(const caf::error& why, const std::string& request_id)> refuse;
};

/// An HTTP/1.1 server. It lives in one io_context with one thread; nothing here blocks.
class server {
public:
  server(boost::asio::io_context& io, server_config config, handler on_request);
  ~server();

  /// Fails with unavailable when the address cannot be had.
  caf::expected<caf::unit_t> listen();
  uint16_t port() const;
  size_t connections() const;

  /// Takes no new connections, ends idle ones and streams, and waits for the others until
  /// *deadline* has passed; then they are cut.
  boost::asio::awaitable<void> stop(std::chrono::milliseconds deadline);

private:
  struct impl;
  std::shared_ptr<impl> impl_;
};

} // namespace backendim::http
