#include "adapters/http/upgrade.hpp"

#include "protocol/error.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <utility>

namespace backendim::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bh = boost::beast::http;
namespace bws = boost::beast::websocket;

namespace {

constexpr auto awaited = asio::as_tuple(asio::use_awaitable);

class server_web_socket : public web_socket {
public:
  server_web_socket(beast::tcp_stream& connection, web_socket_limits limits) : stream_{connection} {
    connection.expires_never(); // it has clocks of its own
    bws::stream_base::timeout clocks{};
    clocks.handshake_timeout = limits.handshake;
    clocks.idle_timeout = limits.silence;
    clocks.keep_alive_pings = true;
    stream_.set_option(clocks);
    stream_.read_message_max(limits.message);
  }

  asio::awaitable<beast::error_code> accept(const bh::request_header<>& head,
                                            const std::string& request_id) {
    stream_.set_option(bws::stream_base::decorator{
      [request_id](bws::response_type& x) { x.set("X-Request-Id", request_id); }});
    const bh::request<bh::empty_body> asked{head};
    auto [failed] = co_await stream_.async_accept(asked, awaited);
    co_return failed;
  }

  asio::awaitable<caf::expected<web_message>> read() override {
    beast::flat_buffer buffer;
    auto [failed, n] = co_await stream_.async_read(buffer, awaited);
    if (failed && failed.category() == beast::error_code{bws::error::bad_opcode}.category()
        && failed != bws::error::closed)
      co_return caf::make_error(ec::invalid_request,
                                "this is not a WebSocket's: " + failed.message());
    if (failed)
      co_return caf::make_error(ec::unavailable, "the client is gone: " + failed.message());
    co_return web_message{stream_.got_text(), beast::buffers_to_string(buffer.data())};
  }

  asio::awaitable<bool> write(const web_message& x) override {
    stream_.text(x.text);
    auto [failed, n] = co_await stream_.async_write(asio::buffer(x.body), awaited);
    co_return !failed;
  }

  asio::awaitable<void> close() override {
    (void)co_await stream_.async_close(bws::close_code::normal, awaited);
  }

  void abort() override { stream_.next_layer().close(); }

private:
  bws::stream<beast::tcp_stream&> stream_;
};

} // namespace

bool asks_for_web_socket(const bh::request_header<>& head) {
  return bws::is_upgrade(head);
}

asio::awaitable<caf::expected<std::unique_ptr<web_socket>>>
upgrade_connection(beast::tcp_stream& connection, const bh::request_header<>& head,
                   const std::string& request_id, web_socket_limits limits) {
  auto result = std::make_unique<server_web_socket>(connection, limits);
  const auto failed = co_await result->accept(head, request_id);
  if (failed)
    co_return caf::make_error(ec::unavailable, "the client is gone: " + failed.message());
  co_return std::unique_ptr<web_socket>{std::move(result)};
}

} // namespace backendim::http
