#include "adapters/http/server.hpp"

#include "adapters/http/upgrade.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/buffers_suffix.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/status.hpp>

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <list>
#include <random>
#include <utility>

namespace backendim::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bh = boost::beast::http;
using asio::ip::tcp;
using namespace std::chrono_literals;

namespace {

constexpr auto awaited = asio::as_tuple(asio::use_awaitable);

/// What may wait unread besides a head. It also bounds chunk headers and trailers, for which the
/// parser has no limit.
constexpr size_t read_ahead = 64 << 10;

/// How long bytes of a refused body are thrown away, so that its sender reads the refusal.
constexpr auto linger = 2s;

bool is_request_id(std::string_view x) {
  return !x.empty() && x.size() <= 64
         && x.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
              == x.npos;
}

} // namespace

asio::awaitable<caf::expected<std::string>> exchange::read_body(size_t limit) {
  const auto too_large = [&] {
    return caf::make_error(ec::too_large,
                           "the body is longer than " + std::to_string(limit) + " bytes");
  };
  if (content_length().value_or(0) > limit)
    co_return too_large();
  std::string result;
  std::array<char, 8192> piece;
  for (;;) {
    auto got = co_await read_some(piece);
    if (!got)
      co_return std::move(got.error());
    if (*got == 0)
      co_return result;
    if (result.size() + *got > limit)
      co_return too_large();
    result.append(piece.data(), *got);
  }
}

struct server::impl : std::enable_shared_from_this<impl> {
  class connection;

  impl(asio::io_context& context, server_config settings, handler handle)
    : io{context}, config{std::move(settings)},
      on_request{std::move(handle)}, acceptor{context}, room{context}, gone{context} {
    std::array<char, 17> text;
    std::snprintf(text.data(), text.size(), "%08x", std::random_device{}());
    id_prefix = text.data();
  }

  std::string next_id() { return id_prefix + "-" + std::to_string(++count); }
  asio::awaitable<void> accept();

  asio::io_context& io;
  server_config config;
  handler on_request;
  tcp::acceptor acceptor;
  asio::steady_timer room; ///< Cancelled when a connection ends while the house is full.
  asio::steady_timer gone; ///< Cancelled when the last connection has ended.
  std::list<connection*> open;
  std::string id_prefix;
  uint64_t count = 0;
  bool stopping = false;
};

class server::impl::connection : public exchange {
public:
  connection(std::shared_ptr<impl> home, tcp::socket socket)
    : home_{std::move(home)}, stream_{std::move(socket)}, buffer_{home_->config.header_limit
                                                                  + read_ahead} {
    place_ = home_->open.insert(home_->open.end(), this);
  }
  ~connection() override {
    home_->open.erase(place_);
    home_->room.cancel();
    if (home_->open.empty())
      home_->gone.cancel();
  }

  std::string_view method() const override { return view(head().method_string()); }
  std::string_view target() const override { return view(head().target()); }
  std::string_view field(std::string_view name) const override {
    return view(head()[beast::string_view{name.data(), name.size()}]);
  }
  const std::string& request_id() const override { return request_id_; }
  unsigned status() const override { return status_; }
  std::optional<uint64_t> content_length() const override {
    const auto length = parser_->content_length();
    return length ? std::optional<uint64_t>{*length} : std::nullopt;
  }
  bool body_ended() const override { return parser_->is_done(); }

  asio::awaitable<caf::expected<size_t>> read_some(std::span<char> into) override {
    if (parser_->is_done())
      co_return size_t{0};
    if (expects_continue_) {
      expects_continue_ = false;
      (void)co_await send("HTTP/1.1 100 Continue\r\n\r\n", {});
    }
    auto& body = parser_->get().body();
    body.data = into.data();
    body.size = into.size();
    body.more = true;
    while (body.size == into.size() && !parser_->is_done()) {
      stream_.expires_after(home_->config.body_silence);
      auto [error, n] = co_await bh::async_read_some(stream_, buffer_, *parser_, awaited);
      if (error && error != bh::error::need_buffer) {
        keep_alive_ = false;
        co_return read_failure(error);
      }
    }
    co_return into.size() - body.size;
  }

  asio::awaitable<void> respond(response what) override {
    status_ = what.status;
    keep_alive_ = keep_alive_ && parser_ && parser_->is_done() && !home_->stopping;
    const auto head = render_head(what, what.body.size());
    // Here and below awaited results get names: g++ 12 miscompiles co_await behind ?: and &&.
    const bool bare = parser_ && head_only();
    const std::string_view body = bare ? std::string_view{} : std::string_view{what.body};
    const bool sent = co_await send(head, body);
    keep_alive_ = keep_alive_ && sent;
  }

  asio::awaitable<bool> begin_stream(response what) override {
    status_ = what.status;
    streaming_ = true;
    chunked_ = head().version() >= 11;
    keep_alive_ = keep_alive_ && chunked_ && parser_->is_done();
    if (home_->stopping)
      keep_alive_ = false;
    const auto text = render_head(what, std::nullopt);
    const bool sent = co_await send(text, {});
    co_return sent && !head_only();
  }

  asio::awaitable<bool> write(std::string_view bytes) override {
    if (bytes.empty())
      co_return !home_->stopping;
    bool sent = false;
    if (chunked_) {
      std::array<char, 20> size;
      const int n = std::snprintf(size.data(), size.size(), "%zx\r\n", bytes.size());
      std::string chunk;
      chunk.reserve(bytes.size() + 22);
      chunk.append(size.data(), static_cast<size_t>(n)).append(bytes).append("\r\n");
      sent = co_await send(chunk, {});
    } else {
      sent = co_await send(bytes, {});
    }
    keep_alive_ = keep_alive_ && sent;
    co_return sent && !home_->stopping;
  }

  asio::awaitable<void> end_stream() override {
    streaming_ = false;
    if (!chunked_ || head_only())
      co_return;
    const bool sent = co_await send("0\r\n\r\n", {});
    keep_alive_ = keep_alive_ && sent;
  }

  asio::awaitable<caf::expected<web_socket*>> upgrade(web_socket_limits limits) override {
    if (!asks_for_web_socket(head()) || !parser_->is_done() || buffer_.size() > 0)
      co_return caf::make_error(ec::invalid_request,
                                "this path takes a WebSocket: Upgrade: websocket, RFC 6455");
    if (home_->stopping)
      co_return caf::make_error(ec::unavailable, "the platform is stopping");
    status_ = 101;
    keep_alive_ = false;
    auto made = co_await upgrade_connection(stream_, head(), request_id_, limits);
    if (!made)
      co_return std::move(made.error());
    web_socket_ = std::move(*made);
    if (home_->stopping)
      web_socket_->abort();
    co_return web_socket_.get();
  }

  /// Serves requests until either side ends the connection.
  asio::awaitable<void> run() {
    beast::error_code ignored;
    stream_.socket().set_option(tcp::no_delay{true}, ignored);
    while (!home_->stopping) {
      const bool come = co_await read_head();
      if (!come)
        break;
      bool failed = false;
      try {
        co_await home_->on_request(*this);
      } catch (const boost::system::system_error& x) {
        if (x.code() == asio::error::operation_aborted)
          break; // the server stops
        failed = true;
        spdlog::error("http request={} failed why=\"{}\"", request_id_, x.what());
      } catch (const std::exception& x) {
        failed = true;
        spdlog::error("http request={} failed why=\"{}\"", request_id_, x.what());
      }
      if (!answered())
        co_await refuse(caf::make_error(ec::internal, "the request was not answered"));
      if (failed || streaming_ || !keep_alive_)
        break;
    }
    co_await close();
  }

  /// Ends at once what only waits; with *all* the rest too.
  void cancel(bool all) {
    if (web_socket_) // its handler has coroutines of its own, which have to end first
      web_socket_->abort();
    else if (all || idle_ || streaming_)
      signal_.emit(asio::cancellation_type::terminal);
  }

  asio::cancellation_slot slot() { return signal_.slot(); }

private:
  using parser = bh::request_parser<bh::buffer_body>;

  static std::string_view view(beast::string_view x) { return {x.data(), x.size()}; }
  const parser::value_type::header_type& head() const { return parser_->get().base(); }
  bool head_only() const { return head().method() == bh::verb::head; }

  static caf::error read_failure(beast::error_code error) {
    if (error == beast::error::timeout)
      return caf::make_error(ec::timed_out, "the client fell silent within its request");
    if (error.category() == bh::make_error_code(bh::error::bad_method).category()
        && error != bh::error::partial_message && error != bh::error::end_of_stream)
      return caf::make_error(ec::invalid_request, "this is not HTTP/1.1: " + error.message());
    return caf::make_error(ec::unavailable, "the client is gone: " + error.message());
  }

  /// False: there is no (proper) request any more; what can be answered was.
  asio::awaitable<bool> read_head() {
    parser_.emplace();
    parser_->header_limit(static_cast<uint32_t>(home_->config.header_limit));
    parser_->body_limit(boost::none);
    status_ = 0;
    streaming_ = false;
    request_id_ = home_->next_id();
    if (buffer_.size() == 0) {
      idle_ = true;
      stream_.expires_after(home_->config.idle);
      auto [error, n] = co_await stream_.async_read_some(buffer_.prepare(8192),
                                                         asio::as_tuple(asio::use_awaitable));
      idle_ = false;
      if (error)
        co_return false;
      buffer_.commit(n);
    }
    // A head that has come as a whole needs no deadline and no further turn of the loop.
    beast::error_code error;
    parser_->eager(false);
    buffer_.consume(parser_->put(buffer_.data(), error));
    if (error == bh::error::need_more)
      error = {};
    if (!error && !parser_->is_header_done()) {
      stream_.expires_after(home_->config.header_deadline);
      auto [failed, n] = co_await bh::async_read_header(stream_, buffer_, *parser_, awaited);
      error = failed;
    }
    if (error) {
      auto why = read_failure(error);
      if (error == bh::error::header_limit || error == bh::error::buffer_overflow)
        why = caf::make_error(ec::too_large, "the head of the request is too long");
      keep_alive_ = false;
      if (why != ec::unavailable)
        co_await refuse(why);
      co_return false;
    }
    keep_alive_ = head().version() == 11 ? parser_->keep_alive() : false;
    if (auto id = field("X-Request-Id"); is_request_id(id))
      request_id_ = id;
    if (head().version() != 11 && head().version() != 10)
      co_return co_await reject("only HTTP/1.1 is spoken here");
    if (head().version() == 11 && head().count(bh::field::host) != 1)
      co_return co_await reject("a request needs exactly one Host");
    if (!is_framing_clear())
      co_return co_await reject("Transfer-Encoding has to be chunked, in HTTP/1.1 only");
    expects_continue_
      = head().version() == 11 && beast::iequals(head()[bh::field::expect], "100-continue");
    co_return true;
  }

  /// The parser takes a coding it does not know for no body at all: what follows would be read as
  /// the next request, which a proxy in front of us took for a body (RFC 9112, 6.3).
  bool is_framing_clear() const {
    const auto codings = head().count(bh::field::transfer_encoding);
    return codings == 0
           || (codings == 1 && head().version() == 11 && parser_->chunked()
               && beast::iequals(head()[bh::field::transfer_encoding], "chunked"));
  }

  asio::awaitable<bool> reject(const char* why) {
    keep_alive_ = false;
    co_await refuse(caf::make_error(ec::invalid_request, why));
    co_return false;
  }

  asio::awaitable<void> refuse(const caf::error& why) {
    return respond(home_->config.refuse(why, request_id_));
  }

  std::string render_head(const response& what, std::optional<size_t> length) const {
    const auto reason = bh::obsolete_reason(static_cast<bh::status>(what.status));
    std::string out;
    out.reserve(256);
    out.append("HTTP/1.1 ").append(std::to_string(what.status)).append(" ");
    out.append(reason.data(), reason.size()).append("\r\n");
    for (const auto& x : what.headers)
      out.append(x.name).append(": ").append(x.value).append("\r\n");
    out.append("X-Request-Id: ").append(request_id_).append("\r\n");
    if (length)
      out.append("Content-Length: ").append(std::to_string(*length)).append("\r\n");
    else if (chunked_)
      out.append("Transfer-Encoding: chunked\r\n");
    if (!keep_alive_)
      out.append("Connection: close\r\n");
    return out.append("\r\n");
  }

  asio::awaitable<bool> send(std::string_view first, std::string_view second) {
    const std::array<asio::const_buffer, 2> parts{asio::buffer(first.data(), first.size()),
                                                  asio::buffer(second.data(), second.size())};
    beast::buffers_suffix rest{parts};
    while (beast::buffer_bytes(rest) > 0) { // async_write would have one deadline for all of it
      stream_.expires_after(home_->config.write_silence);
      auto [error, n] = co_await stream_.async_write_some(rest, awaited);
      if (error)
        co_return false;
      rest.consume(n);
    }
    co_return true;
  }

  asio::awaitable<void> close() {
    if (web_socket_)
      co_return;
    beast::error_code error;
    stream_.socket().shutdown(tcp::socket::shutdown_send, error);
    if (error || !parser_ || parser_->is_done())
      co_return;
    // A close with unread bytes would reset the connection and take our answer with it.
    std::array<char, 16384> waste;
    const auto until = std::chrono::steady_clock::now() + linger;
    while (std::chrono::steady_clock::now() < until) {
      stream_.expires_after(linger);
      auto [e, n] = co_await stream_.async_read_some(asio::buffer(waste), awaited);
      if (e)
        break;
    }
  }

  std::shared_ptr<impl> home_;
  std::list<connection*>::iterator place_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  std::optional<parser> parser_;
  asio::cancellation_signal signal_;
  std::string request_id_;
  bool keep_alive_ = true;
  bool expects_continue_ = false;
  unsigned status_ = 0;
  bool streaming_ = false;
  bool chunked_ = true;
  bool idle_ = false;
  std::unique_ptr<web_socket> web_socket_; ///< Behind an upgrade.
};

asio::awaitable<void> server::impl::accept() {
  const auto self = shared_from_this();
  while (!stopping) {
    if (open.size() >= config.max_connections) {
      room.expires_at(asio::steady_timer::time_point::max());
      (void)co_await room.async_wait(awaited);
      continue;
    }
    auto [error, socket] = co_await acceptor.async_accept(awaited);
    if (stopping)
      break;
    if (error) { // no file descriptors, most likely: others will end
      spdlog::warn("http cannot accept why=\"{}\"", error.message());
      asio::steady_timer pause{io, 100ms};
      (void)co_await pause.async_wait(awaited);
      continue;
    }
    auto fresh = std::make_shared<connection>(self, std::move(socket));
    const auto slot = fresh->slot();
    asio::co_spawn(
      io, [](std::shared_ptr<connection> x) -> asio::awaitable<void> { co_await x->run(); }(fresh),
      asio::bind_cancellation_slot(slot, [fresh](std::exception_ptr) {}));
  }
}

server::server(asio::io_context& io, server_config config, handler on_request)
  : impl_{std::make_shared<impl>(io, std::move(config), std::move(on_request))} {}

server::~server() {
  beast::error_code ignored;
  impl_->stopping = true;
  impl_->acceptor.close(ignored);
}

caf::expected<caf::unit_t> server::listen() {
  auto& x = *impl_;
  boost::system::error_code error;
  const auto address = asio::ip::make_address(x.config.address, error);
  const auto failed = [&] {
    return caf::make_error(ec::unavailable, "cannot listen at " + x.config.address + ":"
                                              + std::to_string(x.config.port) + ": "
                                              + error.message());
  };
  if (error)
    return failed();
  const tcp::endpoint where{address, x.config.port};
  if (x.config.descriptor >= 0) {
    if (x.acceptor.assign(where.protocol(), x.config.descriptor, error); error)
      return failed();
    asio::co_spawn(x.io, x.accept(), [](std::exception_ptr) {});
    return caf::unit;
  }
  if (x.acceptor.open(where.protocol(), error); error)
    return failed();
  x.acceptor.set_option(tcp::acceptor::reuse_address{true}, error);
  if (x.acceptor.bind(where, error); error)
    return failed();
  if (x.acceptor.listen(tcp::acceptor::max_listen_connections, error); error)
    return failed();
  asio::co_spawn(x.io, x.accept(), [](std::exception_ptr) {});
  return caf::unit;
}

uint16_t server::port() const {
  boost::system::error_code ignored;
  return impl_->acceptor.local_endpoint(ignored).port();
}

size_t server::connections() const {
  return impl_->open.size();
}

asio::awaitable<void> server::stop(std::chrono::milliseconds deadline) {
  const auto x = impl_;
  x->stopping = true;
  boost::system::error_code ignored;
  x->acceptor.close(ignored);
  x->room.cancel();
  const auto cancel = [&](bool all) {
    const auto now_open = x->open; // a cancelled one may leave the list at once
    for (auto* c : now_open)
      if (std::ranges::find(x->open, c) != x->open.end())
        c->cancel(all);
  };
  cancel(false);
  if (!x->open.empty()) {
    x->gone.expires_after(deadline);
    (void)co_await x->gone.async_wait(awaited);
  }
  cancel(true);
  if (!x->open.empty()) {
    x->gone.expires_after(linger);
    (void)co_await x->gone.async_wait(awaited);
  }
}

} // namespace backendim::http
