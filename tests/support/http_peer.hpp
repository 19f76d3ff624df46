#pragma once

#include <boost/asio.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace backendim::test {

/// One blocking connection to 127.0.0.1 that sends whatever bytes a test wants to send.
class http_peer {
public:
  using answer = boost::beast::http::response<boost::beast::http::string_body>;

  explicit http_peer(uint16_t port, int receive_buffer = 0) {
    const boost::asio::ip::tcp::endpoint where{boost::asio::ip::address_v4::loopback(), port};
    socket_.open(where.protocol());
    if (receive_buffer > 0)
      socket_.set_option(boost::asio::socket_base::receive_buffer_size{receive_buffer});
    socket_.connect(where);
  }

  void send(std::string_view bytes) {
    boost::system::error_code gone; // tests look at the answer
    boost::asio::write(socket_, boost::asio::buffer(bytes.data(), bytes.size()), gone);
  }

  /// The next answer; status 0: none came. *bare*: it answers a HEAD.
  answer receive(bool bare = false) {
    boost::beast::http::response_parser<boost::beast::http::string_body> parser;
    parser.body_limit(boost::none);
    parser.skip(bare);
    boost::system::error_code failed;
    boost::beast::http::read(socket_, buffer_, parser, failed);
    whole_ = !failed;
    if (failed) {
      answer none;
      none.result(0);
      return none;
    }
    return parser.release();
  }
  /// Whether the last answer came to its end.
  bool whole() const { return whole_; }

  answer ask(std::string_view bytes) {
    send(bytes);
    return receive();
  }

  /// All bytes until the server closes.
  std::string rest() {
    std::string result{static_cast<const char*>(buffer_.data().data()), buffer_.size()};
    buffer_.clear();
    boost::system::error_code end;
    boost::asio::read(socket_, boost::asio::dynamic_buffer(result), end);
    return result;
  }

  /// The bytes up to and with *end*.
  std::string until(std::string_view end) {
    std::string result;
    boost::system::error_code failed;
    boost::asio::read_until(socket_, boost::asio::dynamic_buffer(result), end, failed);
    return result;
  }

  size_t take(std::string& into) {
    boost::system::error_code failed;
    return socket_.read_some(boost::asio::buffer(into), failed);
  }

  void half_close() {
    boost::system::error_code ignored;
    socket_.shutdown(boost::asio::ip::tcp::socket::shutdown_send, ignored);
  }
  void close() {
    boost::system::error_code ignored;
    socket_.close(ignored);
  }

private:
  boost::asio::io_context io_;
  boost::asio::ip::tcp::socket socket_{io_};
  boost::beast::flat_buffer buffer_;
  bool whole_ = false;
};

} // namespace backendim::test
