#include "adapters/http/web_socket_client.hpp"

#include "adapters/http/endpoint.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <charconv>
#include <deque>
#include <optional>
#include <type_traits>
#include <utility>

namespace backendim::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bws = boost::beast::websocket;
using asio::ip::tcp;
using beast::error_code;

namespace {

constexpr size_t largest_message = 4 << 20;

template <class Layer>
class socket_over : public web_socket_client,
                    public std::enable_shared_from_this<socket_over<Layer>> {
public:
  template <class... Ts>
  explicit socket_over(Ts&&... xs) : stream_{std::forward<Ts>(xs)...} {}

  void start(listener x) override {
    listener_ = std::move(x);
    read_next();
  }

  void send(web_message x, std::function<void()> sent) override {
    waiting_.emplace_back(std::move(x), std::move(sent));
    if (waiting_.size() == 1)
      write_next();
  }

  void close() override {
    stream_.async_close(bws::close_code::normal, [self = this->shared_from_this()](error_code) {});
  }

  /// Runs *io* until it is connected or not.
  caf::error open(asio::io_context& io, const client_config& config,
                  const endpoint_address& address, const std::string& target,
                  const std::vector<header>& headers, response& refused) {
    const auto step = [&](auto begin) {
      auto& lowest = beast::get_lowest_layer(stream_);
      lowest.expires_after(config.connect_timeout);
      error_code result = asio::error::would_block;
      begin([&result](error_code e, auto&&...) { result = e; });
      io.restart();
      while (result == asio::error::would_block && io.run_one() > 0) {
      }
      return result;
    };
    const auto failed = [&](error_code why) {
      const auto text = "cannot connect to " + config.url + ": " + why.message();
      return caf::make_error(why == beast::error::timeout ? ec::timed_out : ec::unavailable, text);
    };
    std::vector<tcp::endpoint> places;
    if (auto why = find(io, address, places))
      return failed(why);
    auto& lowest = beast::get_lowest_layer(stream_);
    if (auto why = step([&](auto done) { lowest.async_connect(places, done); }))
      return failed(why);
    error_code ignored;
    lowest.socket().set_option(tcp::no_delay{true}, ignored);
    if constexpr (!std::is_same_v<Layer, beast::tcp_stream>) {
      auto& tls = stream_.next_layer();
      SSL_set_tlsext_host_name(tls.native_handle(), address.host.c_str());
      tls.set_verify_callback(asio::ssl::host_name_verification{address.host});
      if (auto why
          = step([&](auto done) { tls.async_handshake(asio::ssl::stream_base::client, done); }))
        return failed(why);
    }
    stream_.set_option(bws::stream_base::decorator{[&headers](bws::request_type& x) {
      for (const auto& one : headers)
        x.set(one.name, one.value);
    }});
    bws::response_type answer;
    const auto why
      = step([&](auto done) { stream_.async_handshake(answer, address.authority, target, done); });
    lowest.expires_never();
    if (!why) {
      stream_.set_option(bws::stream_base::timeout::suggested(beast::role_type::client));
      stream_.read_message_max(largest_message);
      return {};
    }
    refused.status = why == bws::error::upgrade_declined ? answer.result_int() : 0;
    refused.body = answer.body();
    return failed(why);
  }

private:
  static error_code find(asio::io_context& io, const endpoint_address& address,
                         std::vector<tcp::endpoint>& places) {
    uint16_t port = 0;
    std::from_chars(address.port.data(), address.port.data() + address.port.size(), port);
    error_code e;
    const auto numeric = asio::ip::make_address(address.host, e);
    if (!e) {
      places.emplace_back(numeric, port);
    } else if (is_local_name(address.host)) {
      places.emplace_back(asio::ip::address_v4::loopback(), port);
      places.emplace_back(asio::ip::address_v6::loopback(), port);
    } else {
      tcp::resolver resolver{io};
      for (const auto& one : resolver.resolve(address.host, address.port, e))
        places.push_back(one.endpoint());
      return e;
    }
    return {};
  }

  void read_next() {
    stream_.async_read(buffer_, [self = this->shared_from_this()](error_code failed, size_t) {
      self->read(failed);
    });
  }

  void read(error_code failed) {
    if (failed) {
      if (auto end = std::exchange(listener_.on_end, {}))
        end(failed == bws::error::closed
              ? caf::error{}
              : caf::make_error(ec::unavailable, "the connection broke: " + failed.message()));
      return;
    }
    web_message message{stream_.got_text(), beast::buffers_to_string(buffer_.data())};
    buffer_.consume(buffer_.size());
    listener_.on_message(std::move(message));
    read_next();
  }

  void write_next() {
    stream_.text(waiting_.front().first.text);
    stream_.async_write(
      asio::buffer(waiting_.front().first.body),
      [self = this->shared_from_this()](error_code failed, size_t) { self->written(failed); });
  }

  void written(error_code failed) {
    auto done = std::move(waiting_.front().second);
    waiting_.pop_front();
    if (!failed && !waiting_.empty()) // the reader notices what failed
      write_next();
    if (done)
      done(); // may send more
  }

  bws::stream<Layer> stream_;
  listener listener_;
  beast::flat_buffer buffer_;
  std::deque<std::pair<web_message, std::function<void()>>> waiting_;
};

} // namespace

caf::expected<std::shared_ptr<web_socket_client>>
web_socket_client::connect(asio::io_context& io, const client_config& config,
                           const std::string& target, const std::vector<header>& headers,
                           response& refused) {
  const auto address = parse_endpoint(config.url);
  if (!address)
    return address.error();
  if (!address->unix_path.empty())
    return caf::make_error(ec::invalid_request, "not an http or https URL: " + config.url);
  if (!address->tls) {
    const auto result = std::make_shared<socket_over<beast::tcp_stream>>(io);
    if (auto why = result->open(io, config, *address, target, headers, refused))
      return why;
    return std::shared_ptr<web_socket_client>{result};
  }
  asio::ssl::context tls{asio::ssl::context::tls_client};
  if (auto why = set_trust(tls, config.ca_file))
    return why;
  const auto result = std::make_shared<socket_over<asio::ssl::stream<beast::tcp_stream>>>(io, tls);
  if (auto why = result->open(io, config, *address, target, headers, refused))
    return why;
  return std::shared_ptr<web_socket_client>{result};
}

} // namespace backendim::http
