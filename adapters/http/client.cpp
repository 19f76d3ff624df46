#include "adapters/http/client.hpp"

#include "adapters/http/endpoint.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>

#include <fcntl.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <type_traits>
#include <utility>

namespace backendim::http {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bhttp = boost::beast::http;

using boost::system::error_code;
using clock = std::chrono::steady_clock;
using socket_type = asio::generic::stream_protocol::socket;
using endpoint_type = asio::generic::stream_protocol::endpoint;

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
/// Larger bodies are worth the look whether the server refused them before they were sent.
constexpr size_t piece_size = 64 << 10;
constexpr uint32_t head_limit = 64 << 10;

enum class abort_cause { none, idle, total, connect, stopped };

bool is_idempotent(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE"
         || method == "OPTIONS";
}

bool has_line_break(std::string_view text) {
  return text.find_first_of(std::string_view{"\r\n\0", 3}) != std::string_view::npos;
}

/// Whether the socket has something to read or has ended, without waiting.
bool is_readable(socket_type& socket) {
  pollfd poller{socket.native_handle(), POLLIN, 0};
  return ::poll(&poller, 1, 0) != 0;
}

/// One request with all that happens to it. Lives on the stack of the blocking call.
struct exchange_state {
  const request& what;
  const std::function<bool(std::string_view)>* on_data;
  response answer{};
  caf::error failure{};
  bool reused = false;
  bool answered = false; ///< A byte of the answer came.
  bool refused = false;  ///< The answer came before the body was sent.
  bool cut = false;      ///< The consumer has enough.
  bool keep_alive = false;
};

} // namespace

struct client::impl {
  explicit impl(client_config config)
    : config_{std::move(config)}, tls_context_{asio::ssl::context::tls_client} {
    auto address = parse_endpoint(config_.url);
    if (!address) {
      broken_ = address.error();
      return;
    }
    address_ = std::move(*address);
    if (address_.tls) {
      if (auto why = set_trust(tls_context_, config_.ca_file))
        broken_ = why;
    }
  }

  caf::expected<response> run(const request& what,
                              const std::function<bool(std::string_view)>* on_data,
                              std::stop_token stop) {
    if (broken_)
      return broken_;
    if (auto bad = check(what))
      return bad;
    exchange_state x{what, on_data};
    auto now = clock::now();
    abort_ = abort_cause::none;
    idle_limit_ = what.idle_timeout.value_or(config_.idle_timeout);
    auto total = what.total_timeout.value_or(config_.total_timeout);
    total_at_ = total.count() > 0 ? now + total : clock::time_point::max();
    idle_at_ = clock::time_point::max();
    auto generation = ++generation_;
    ioc_.restart();
    std::exception_ptr thrown;
    asio::co_spawn(ioc_, converse(x), [&](std::exception_ptr e) {
      thrown = e;
      watchdog_.cancel();
      watching_ = false;
    });
    {
      std::stop_callback on_stop{stop, [this, generation] {
                                   asio::post(ioc_, [this, generation] {
                                     if (generation == generation_)
                                       abort(abort_cause::stopped);
                                   });
                                 }};
      ioc_.run();
    }
    ++generation_;
    if (!x.keep_alive || thrown || x.failure)
      disconnect();
    if (thrown)
      std::rethrow_exception(thrown);
    if (x.failure) {
      if (abort_ == abort_cause::stopped && on_data)
        return std::move(x.answer);
      return std::move(x.failure);
    }
    return std::move(x.answer);
  }

private:
  static caf::error check(const request& what) {
    auto is_token = [](char c) { return c > 32 && c < 127; };
    if (what.method.empty() || !std::all_of(what.method.begin(), what.method.end(), is_token))
      return caf::make_error(ec::invalid_request, "not an HTTP method: " + what.method);
    if (what.target.empty() || !std::all_of(what.target.begin(), what.target.end(), is_token))
      return caf::make_error(ec::invalid_request, "not a request target: " + what.target);
    for (auto& field : what.headers)
      if (field.name.empty() || !std::all_of(field.name.begin(), field.name.end(), is_token)
          || has_line_break(field.value)) // the value may be a secret
        return caf::make_error(ec::invalid_request, "not a header field: " + field.name);
    return {};
  }

  // -- deadlines ----------------------------------------------------------------------------------

  void abort(abort_cause why) {
    if (abort_ != abort_cause::none)
      return;
    abort_ = why;
    resolver_.cancel();
    if (socket_) {
      error_code ignored;
      socket_->close(ignored);
    }
  }

  void touch() {
    if (connecting_)
      return;
    idle_at_ = idle_limit_.count() > 0 ? clock::now() + idle_limit_ : clock::time_point::max();
  }

  /// One timer for all deadlines; it is only moved when a deadline comes nearer.
  void watch() {
    auto next = std::min(idle_at_, total_at_);
    if (next == clock::time_point::max())
      return;
    watching_ = true;
    watchdog_.expires_at(next);
    watchdog_.async_wait([this](error_code e) {
      if (e || !watching_)
        return;
      auto now = clock::now();
      if (now >= total_at_)
        abort(abort_cause::total);
      else if (now >= idle_at_)
        abort(connecting_ ? abort_cause::connect : abort_cause::idle);
      else
        watch();
    });
  }

  caf::error error_for(std::string_view doing, error_code e) const {
    auto text = std::string{doing} + " " + config_.url + ": ";
    auto ms = [](auto d) { return std::to_string(d.count()) + " ms"; };
    switch (abort_) {
      case abort_cause::connect:
        return caf::make_error(ec::timed_out,
                               text + "no connection within " + ms(config_.connect_timeout));
      case abort_cause::idle:
        return caf::make_error(ec::timed_out, text + "silent for " + ms(idle_limit_));
      case abort_cause::total:
        return caf::make_error(ec::timed_out, text + "the request took longer than it may");
      case abort_cause::stopped: return caf::make_error(ec::unavailable, text + "stopped");
      case abort_cause::none: break;
    }
    return caf::make_error(ec::unavailable, text + e.message());
  }

  // -- connection ---------------------------------------------------------------------------------

  void disconnect() {
    tls_.reset();
    socket_.reset();
    buffer_.consume(buffer_.size());
  }

  bool is_reusable() { return socket_ && socket_->is_open() && !is_readable(*socket_); }

  asio::awaitable<error_code> connect_to(endpoint_type endpoint) {
    socket_.emplace(ioc_);
    error_code e;
    socket_->open(endpoint.protocol(), e);
    if (e)
      co_return e;
    ::fcntl(socket_->native_handle(), F_SETFD, FD_CLOEXEC);
    auto op = socket_->async_connect(endpoint, as_result);
    auto [failed] = co_await std::move(op);
    if (!failed && endpoint.protocol().family() != AF_UNIX)
      socket_->set_option(asio::ip::tcp::no_delay{true}, e);
    co_return failed;
  }

  asio::awaitable<error_code> find_endpoints(std::vector<endpoint_type>& found) {
    if (!address_.unix_path.empty()) {
      found.emplace_back(asio::local::stream_protocol::endpoint{address_.unix_path});
      co_return error_code{};
    }
    uint16_t port = 0;
    std::from_chars(address_.port.data(), address_.port.data() + address_.port.size(), port);
    error_code e;
    auto numeric = asio::ip::make_address(address_.host, e);
    if (!e) {
      found.emplace_back(asio::ip::tcp::endpoint{numeric, port});
      co_return error_code{};
    }
    if (is_local_name(address_.host)) {
      found.emplace_back(asio::ip::tcp::endpoint{asio::ip::address_v4::loopback(), port});
      found.emplace_back(asio::ip::tcp::endpoint{asio::ip::address_v6::loopback(), port});
      co_return error_code{};
    }
    auto op = resolver_.async_resolve(address_.host, address_.port, as_result);
    auto [failed, results] = co_await std::move(op);
    for (auto& entry : results)
      found.emplace_back(entry.endpoint());
    co_return failed;
  }

  asio::awaitable<error_code> connect() {
    disconnect();
    connecting_ = true;
    idle_at_ = config_.connect_timeout.count() > 0 ? clock::now() + config_.connect_timeout
                                                   : clock::time_point::max();
    watch();
    std::vector<endpoint_type> endpoints;
    auto find = find_endpoints(endpoints);
    auto result = co_await std::move(find);
    for (auto& endpoint : endpoints) {
      if (abort_ != abort_cause::none)
        break;
      auto attempt = connect_to(endpoint);
      result = co_await std::move(attempt);
      if (!result)
        break;
    }
    if (abort_ != abort_cause::none && !result)
      result = asio::error::operation_aborted;
    if (!result && address_.tls) {
      tls_.emplace(*socket_, tls_context_);
      SSL_set_tlsext_host_name(tls_->native_handle(), address_.host.c_str());
      tls_->set_verify_callback(asio::ssl::host_name_verification{address_.host});
      auto op = tls_->async_handshake(asio::ssl::stream_base::client, as_result);
      auto [failed] = co_await std::move(op);
      result = failed;
    }
    connecting_ = false;
    co_return result;
  }

  // -- conversation -------------------------------------------------------------------------------

  asio::awaitable<void> converse(exchange_state& x) {
    bool repeatable = is_idempotent(x.what.method) && !x.what.producer;
    x.reused = is_reusable();
    for (;;) {
      if (!x.reused) {
        auto connected = connect();
        auto failed = co_await std::move(connected);
        if (failed) {
          x.failure = error_for("cannot connect to", failed);
          co_return;
        }
      }
      touch();
      watch();
      x.failure = {};
      if (address_.tls) {
        auto one = exchange(*tls_, x);
        co_await std::move(one);
      } else {
        auto one = exchange(*socket_, x);
        co_await std::move(one);
      }
      bool died = x.failure && x.reused && !x.answered && abort_ == abort_cause::none;
      if (!died || !repeatable)
        co_return;
      x.reused = false;
    }
  }

  template <class Stream>
  asio::awaitable<void> exchange(Stream& stream, exchange_state& x) {
    auto sending = send_request(stream, x);
    auto sent = co_await std::move(sending);
    if (x.failure)
      co_return;
    // A server that refuses a body may have answered before it closed: look even after an error.
    auto receiving = receive(stream, x);
    auto received = co_await std::move(receiving);
    if (received && !x.failure)
      x.failure = error_for("no answer from", sent && !x.answered ? sent : received);
  }

  std::string make_head(const request& what) const {
    std::string head;
    head.reserve(256 + what.target.size());
    head.append(what.method).append(" ").append(what.target).append(" HTTP/1.1\r\nHost: ");
    head.append(what.host.empty() ? address_.authority : what.host).append("\r\n");
    for (auto& field : what.headers)
      head.append(field.name).append(": ").append(field.value).append("\r\n");
    bool may_have_body = what.method != "GET" && what.method != "HEAD" && what.method != "DELETE";
    if (what.producer && !what.length)
      head.append("Transfer-Encoding: chunked\r\n");
    else if (what.producer)
      head.append("Content-Length: ").append(std::to_string(*what.length)).append("\r\n");
    else if (!what.body.empty() || may_have_body)
      head.append("Content-Length: ").append(std::to_string(what.body.size())).append("\r\n");
    return head.append("\r\n");
  }

  template <class Stream>
  asio::awaitable<error_code> send_request(Stream& stream, exchange_state& x) {
    auto head = make_head(x.what);
    constexpr bool plain = std::is_same_v<Stream, socket_type>;
    bool watched = plain && (x.what.producer || x.what.body.size() > piece_size);
    if (watched) // TLS has records of its own to read: there only the end tells
      socket_->async_wait(socket_type::wait_read, [this, &x](error_code e) {
        if (e || !socket_)
          return;
        x.refused = true;
        error_code ignored;
        socket_->cancel(ignored);
      });
    error_code result;
    if (x.what.producer) {
      auto body = send_pieces(stream, x, std::move(head));
      result = co_await std::move(body);
    } else {
      std::array<asio::const_buffer, 2> parts{asio::buffer(head), asio::buffer(x.what.body)};
      auto op = asio::async_write(stream, parts, as_result);
      auto [failed, n] = co_await std::move(op);
      result = failed;
    }
    if (watched && socket_) {
      error_code ignored;
      socket_->cancel(ignored);
      // Lets the watch end before x does, and before the answer is waited for on the same socket.
      auto turn = asio::post(ioc_, asio::use_awaitable);
      co_await std::move(turn);
    }
    touch();
    co_return result;
  }

  template <class Stream>
  asio::awaitable<error_code> send_pieces(Stream& stream, exchange_state& x, std::string head) {
    std::vector<char> room(piece_size);
    bool chunked = !x.what.length;
    auto left = x.what.length.value_or(0);
    bool first = true;
    for (;;) {
      auto produced = x.what.producer(room);
      touch();
      if (!produced) {
        x.failure = produced.error();
        co_return error_code{};
      }
      auto size = *produced;
      if (!chunked && (size > left || (size == 0 && left > 0))) {
        x.failure = caf::make_error(ec::internal, "the body is not as long as announced");
        co_return error_code{};
      }
      left -= chunked ? 0 : size;
      std::array<char, 24> framing{};
      auto framed = std::snprintf(framing.data(), framing.size(), "%zx\r\n", size);
      std::string_view prefix{framing.data(), chunked ? static_cast<size_t>(framed) : 0};
      std::string_view suffix{"\r\n", chunked ? size_t{2} : size_t{0}};
      std::array<asio::const_buffer, 4> parts{asio::buffer(head.data(), first ? head.size() : 0),
                                              asio::buffer(prefix), asio::buffer(room.data(), size),
                                              asio::buffer(suffix)};
      auto op = asio::async_write(stream, parts, as_result);
      auto [failed, n] = co_await std::move(op);
      touch();
      first = false;
      if (failed || size == 0 || x.refused)
        co_return failed;
    }
  }

  template <class Stream>
  asio::awaitable<error_code> receive(Stream& stream, exchange_state& x) {
    std::optional<bhttp::response_parser<bhttp::buffer_body>> parser;
    for (unsigned status = 100; status / 100 == 1;) {
      parser.emplace();
      parser->header_limit(head_limit);
      parser->body_limit(boost::none);
      parser->skip(x.what.method == "HEAD");
      auto op = bhttp::async_read_header(stream, buffer_, *parser, as_result);
      auto [failed, n] = co_await std::move(op);
      touch();
      x.answered |= parser->got_some();
      if (failed)
        co_return failed;
      status = parser->get().result_int();
    }
    x.answer.status = parser->get().result_int();
    for (auto& field : parser->get())
      x.answer.headers.push_back({std::string{field.name_string()}, std::string{field.value()}});
    bool streamed = x.on_data && x.answer.status / 100 == 2;
    if (streamed && !(*x.on_data)({})) { // a good answer has begun
      x.cut = true;
      co_return error_code{};
    }
    std::vector<char> room(parser->is_done() ? 0 : piece_size);
    while (!parser->is_done()) {
      auto& body = parser->get().body();
      body.data = room.data();
      body.size = room.size();
      body.more = true;
      auto op = bhttp::async_read_some(stream, buffer_, *parser, as_result);
      auto [failed, n] = co_await std::move(op);
      touch();
      std::string_view piece{room.data(), room.size() - parser->get().body().size};
      if (streamed && !piece.empty() && !(*x.on_data)(piece)) {
        x.cut = true;
        co_return error_code{};
      }
      touch();
      if (!streamed) {
        if (x.answer.body.size() + piece.size() > config_.body_limit) {
          x.failure
            = caf::make_error(ec::too_large, "the answer of " + config_.url + " is larger than "
                                               + std::to_string(config_.body_limit));
          co_return error_code{};
        }
        x.answer.body.append(piece);
      }
      if (failed && failed != bhttp::error::need_buffer)
        co_return failed;
      if (abort_ != abort_cause::none)
        co_return asio::error::operation_aborted;
    }
    x.answer.complete = true;
    x.keep_alive = parser->keep_alive() && !x.refused;
    co_return error_code{};
  }

  client_config config_;
  endpoint_address address_;
  caf::error broken_; ///< Set when the configuration cannot be used.
  asio::io_context ioc_{1};
  asio::ssl::context tls_context_;
  asio::ip::tcp::resolver resolver_{ioc_};
  asio::steady_timer watchdog_{ioc_};
  std::optional<socket_type> socket_;
  std::optional<asio::ssl::stream<socket_type&>> tls_;
  beast::flat_buffer buffer_;
  clock::time_point idle_at_{};
  clock::time_point total_at_{};
  std::chrono::milliseconds idle_limit_{0};
  uint64_t generation_ = 0; ///< Only a stop of the running call counts.
  abort_cause abort_ = abort_cause::none;
  bool connecting_ = false;
  bool watching_ = false;
};

std::string_view response::field(std::string_view name) const {
  for (auto& entry : headers)
    if (beast::iequals(entry.name, name))
      return entry.value;
  return {};
}

client::client(client_config config) : impl_{std::make_unique<impl>(std::move(config))} {}
client::~client() = default;
client::client(client&&) noexcept = default;
client& client::operator=(client&&) noexcept = default;

caf::expected<response> client::send(const request& what, std::stop_token stop) {
  return impl_->run(what, nullptr, std::move(stop));
}

caf::expected<response> client::stream(const request& what,
                                       const std::function<bool(std::string_view)>& on_data,
                                       std::stop_token stop) {
  return impl_->run(what, &on_data, std::move(stop));
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view hex = "0123456789ABCDEF";
  std::string result;
  for (auto c : text) {
    auto byte = static_cast<unsigned char>(c);
    bool plain = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z')
                 || (byte >= 'A' && byte <= 'Z') || c == '-' || c == '.' || c == '_' || c == '~';
    if (plain)
      result += c;
    else
      result.append({'%', hex[byte >> 4], hex[byte & 15]});
  }
  return result;
}

} // namespace backendim::http
