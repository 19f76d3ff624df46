#pragma once

#include "adapters/proxy/edge.hpp"
#include "tests/support/eventually.hpp"

#include <boost/asio.hpp>

#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace backendim::test {

namespace asio = boost::asio;
using asio::ip::tcp;
using namespace std::chrono_literals;

/// One end of a blocking connection that gives up when a test's patience ends, so none hangs.
class peer {
public:
  explicit peer(tcp::socket socket) : socket_{std::move(socket)} {
    const timeval limit{patience.count(), 0};
    ::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  }

  peer(peer&&) = default;
  virtual ~peer() = default;

  bool write(std::string_view text) {
    while (!text.empty()) {
      const auto n = send(text);
      if (n <= 0)
        return false;
      text.remove_prefix(static_cast<size_t>(n));
    }
    return true;
  }

  /// Reads some; false: the end, a reset or silence.
  bool more() {
    char buffer[65'536];
    const auto n = receive(buffer, sizeof buffer);
    reset_ = n < 0 && errno == ECONNRESET;
    if (n > 0)
      text_.append(buffer, static_cast<size_t>(n));
    return n > 0;
  }

  /// Up to and with *mark*; empty when it does not come.
  std::string until(std::string_view mark) {
    size_t at = 0;
    while ((at = text_.find(mark)) == std::string::npos)
      if (!more())
        return {};
    return take(at + mark.size());
  }

  std::string exactly(size_t n) {
    while (text_.size() < n)
      if (!more())
        return {};
    return take(n);
  }

  /// All until the end.
  std::string rest() {
    while (more())
      continue;
    return std::exchange(text_, {});
  }

  /// Whether some come, or the end, before *limit* is over. For plain TCP.
  bool hears(std::chrono::milliseconds limit) {
    pollfd wait{socket_.native_handle(), POLLIN, 0};
    return ::poll(&wait, 1, static_cast<int>(limit.count())) > 0;
  }

  bool was_reset() const { return reset_; }
  void half_close() { ::shutdown(socket_.native_handle(), SHUT_WR); }
  void close() { socket_.close(); }
  tcp::socket& socket() { return socket_; }

protected:
  virtual ssize_t send(std::string_view text) {
    return ::send(socket_.native_handle(), text.data(), text.size(), MSG_NOSIGNAL);
  }
  virtual ssize_t receive(char* into, size_t size) {
    return ::recv(socket_.native_handle(), into, size, 0);
  }

private:
  std::string take(size_t n) {
    auto result = text_.substr(0, n);
    text_.erase(0, n);
    return result;
  }

  tcp::socket socket_;
  std::string text_;
  bool reset_ = false;
};

/// The value of a field in a head; empty when there is none.
inline std::string field_of(const std::string& head, const std::string& name) {
  const auto at = head.find("\r\n" + name + ": ");
  if (at == std::string::npos)
    return {};
  const auto begin = at + name.size() + 4;
  return head.substr(begin, head.find("\r\n", begin) - begin);
}

struct answer {
  unsigned status = 0; ///< 0: none came.
  std::string head;
  std::string body;
  std::string field(const std::string& name) const { return field_of(head, name); }
};

/// Reads a response with Content-Length, or the chunks of a chunked one.
inline answer read_answer(peer& from, bool head_only = false) {
  answer result;
  result.head = from.until("\r\n\r\n");
  if (result.head.size() < 12)
    return result;
  result.status = static_cast<unsigned>(std::atoi(result.head.c_str() + 9));
  if (head_only)
    return result;
  if (!result.field("Transfer-Encoding").empty()) {
    for (;;) {
      const auto size = std::strtoul(from.until("\r\n").c_str(), nullptr, 16);
      result.body += from.exactly(size);
      if (from.exactly(2) != "\r\n")
        result.status = 0; // cut
      if (size == 0 || result.status == 0)
        return result;
    }
  }
  if (const auto length = result.field("Content-Length"); !length.empty())
    result.body = from.exactly(std::stoul(length));
  return result;
}

inline peer dial(asio::io_context& context, uint16_t port) {
  tcp::socket socket{context};
  socket.connect({asio::ip::address_v4::loopback(), port});
  socket.set_option(tcp::no_delay{true});
  return peer{std::move(socket)};
}

/// A server whose connections each run *script* in a thread of their own.
class origin {
public:
  using script = std::function<void(peer&)>;

  /// *port*: 0 for any.
  explicit origin(script x, uint16_t port = 0)
    : acceptor_{context_, {asio::ip::address_v4::loopback(), port}}, script_{std::move(x)},
      thread_{[this] { run(); }} {}

  ~origin() {
    stopping_ = true;
    ::shutdown(acceptor_.native_handle(), SHUT_RDWR);
    thread_.join();
    {
      std::lock_guard lock{mutex_};
      for (auto& x : peers_)
        if (x->socket().is_open())
          ::shutdown(x->socket().native_handle(), SHUT_RDWR);
    }
    for (auto& x : threads_)
      x.join();
  }

  upstream_address address() const { return {"127.0.0.1", acceptor_.local_endpoint().port()}; }
  int connections() const { return connections_; }

private:
  void run() {
    while (!stopping_) {
      boost::system::error_code failed;
      tcp::socket socket{context_};
      acceptor_.accept(socket, failed);
      if (failed)
        continue;
      ++connections_;
      std::lock_guard lock{mutex_};
      peers_.push_back(std::make_unique<peer>(std::move(socket)));
      threads_.emplace_back([this, &x = *peers_.back()] {
        script_(x);
        if (x.socket().is_open())
          ::shutdown(x.socket().native_handle(), SHUT_RDWR);
      });
    }
  }

  asio::io_context context_;
  tcp::acceptor acceptor_;
  script script_;
  std::atomic<bool> stopping_{false};
  std::atomic<int> connections_{0};
  std::mutex mutex_;
  std::vector<std::unique_ptr<peer>> peers_;
  std::vector<std::thread> threads_;
  std::thread thread_;
};

/// Answers each body-less request with what *make* makes of its head.
inline origin::script answering(std::function<std::string(const std::string& head)> make) {
  return [make = std::move(make)](peer& x) {
    for (;;) {
      const auto head = x.until("\r\n\r\n");
      if (head.empty() || !x.write(make(head)))
        return;
    }
  };
}

inline std::string ok(std::string_view body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n"
         + std::string{body};
}

/// A port where nobody listens: it is bound until the process ends, so that nobody else gets it
/// meanwhile, as test programs beside this one would.
inline upstream_address nobody() {
  static asio::io_context context;
  static std::vector<tcp::socket> bound;
  auto& mine = bound.emplace_back(context);
  mine.open(tcp::v4());
  mine.bind({asio::ip::address_v4::loopback(), 0});
  return {"127.0.0.1", mine.local_endpoint().port()};
}

/// An edge with a table, and clients of it.
class front {
public:
  explicit front(proxy::edge_config config = {}) {
    config.port = 0;
    config.threads = 2;
    auto opened = proxy::open_edge(std::move(config));
    edge_ = std::move(*opened);
  }

  proxy::running_edge& operator*() { return *edge_; }
  proxy::running_edge* operator->() { return edge_.get(); }

  /// Returns when it is used.
  void publish(std::map<std::string, host_route> hosts) {
    std::promise<void> used;
    edge_->publish({++epoch_, std::move(hosts)}, [&] { used.set_value(); });
    used.get_future().wait();
  }
  void route(const std::string& host, std::vector<upstream_address> to) {
    publish({{host, {std::move(to), "", ""}}});
  }

  peer connect() { return dial(context_, edge_->port()); }

  /// Whether it takes new connections.
  bool connects() {
    tcp::socket socket{context_};
    boost::system::error_code failed;
    socket.connect({asio::ip::address_v4::loopback(), edge_->port()}, failed);
    return !failed;
  }

  /// One request on a connection of its own.
  answer ask(std::string_view request) {
    auto x = connect();
    x.write(request);
    return read_answer(x);
  }
  answer get(const std::string& host, const std::string& more = "") {
    return ask("GET / HTTP/1.1\r\nHost: " + host + "\r\n" + more + "\r\n");
  }

private:
  asio::io_context context_;
  std::shared_ptr<proxy::running_edge> edge_;
  uint64_t epoch_ = 0;
};

} // namespace backendim::test
