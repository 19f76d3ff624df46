#include "tests/bench/http_bench.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include <chrono>
#include <iostream>
#include <memory>
#include <utility>

namespace backendim::bench {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;

namespace {

/// One connection, as Beast's own examples have it.
class session : public std::enable_shared_from_this<session> {
public:
  session(tcp::socket socket, const std::string& body) : stream_{std::move(socket)}, body_{body} {}

  void read() {
    request_ = {};
    stream_.expires_after(std::chrono::seconds{30});
    http::async_read(stream_, buffer_, request_,
                     [self = shared_from_this()](beast::error_code failed, size_t) {
                       if (!failed)
                         self->answer();
                     });
  }

private:
  void answer() {
    response_ = {http::status::ok, request_.version()};
    response_.set(http::field::content_type, "application/json");
    response_.keep_alive(request_.keep_alive());
    response_.body() = body_;
    response_.prepare_payload();
    http::async_write(stream_, response_,
                      [self = shared_from_this()](beast::error_code failed, size_t) {
                        if (!failed && self->response_.keep_alive())
                          self->read();
                      });
  }

  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  http::request<http::string_body> request_;
  http::response<http::string_body> response_;
  const std::string& body_;
};

void accept(tcp::acceptor& from, const std::string& body) {
  from.async_accept([&](beast::error_code failed, tcp::socket socket) {
    if (failed)
      return;
    socket.set_option(tcp::no_delay{true}, failed);
    std::make_shared<session>(std::move(socket), body)->read();
    accept(from, body);
  });
}

} // namespace

int serve_bare(size_t size) {
  const std::string frame = R"({"filler":""})";
  std::string body = frame;
  body.insert(frame.size() - 2, size > frame.size() ? size - frame.size() : 0, 'x');
  asio::io_context io{1};
  tcp::acceptor acceptor{io, {asio::ip::make_address("127.0.0.1"), 0}};
  std::cout << acceptor.local_endpoint().port() << std::endl;
  accept(acceptor, body);
  io.run();
  return 0;
}

} // namespace backendim::bench
