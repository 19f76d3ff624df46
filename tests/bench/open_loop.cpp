#include "tests/bench/http_bench.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include <algorithm>
#include <cstdio>
#include <deque>
#include <iostream>
#include <memory>
#include <optional>

namespace backendim::bench {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using steady = std::chrono::steady_clock;

namespace {

class open_loop {
public:
  explicit open_loop(const load& x) : what_{x}, timer_{io_} {
    if (!x.authorization.empty())
      authorization_ = "Authorization: " + x.authorization + "\r\n";
  }

  int run() {
    const tcp::endpoint where{asio::ip::make_address(what_.address), what_.port};
    for (size_t i = 0; i < what_.connections; ++i) {
      all_.push_back(std::make_unique<connection>(io_));
      all_.back()->socket.connect(where);
      all_.back()->socket.set_option(tcp::no_delay{true});
      idle_.push_back(all_.back().get());
    }
    began_ = steady::now();
    total_ = static_cast<size_t>(what_.rate * static_cast<double>(what_.duration.count()));
    took_.reserve(total_);
    wait();
    io_.run_for(what_.duration + std::chrono::seconds{10});
    return report();
  }

private:
  struct connection {
    explicit connection(asio::io_context& io) : socket{io} {}
    tcp::socket socket;
    beast::flat_buffer buffer;
    std::optional<http::response_parser<http::string_body>> answer;
    std::string request;
    steady::time_point due;
  };

  steady::time_point due(size_t i) const {
    const std::chrono::duration<double> after{static_cast<double>(i) / what_.rate};
    return began_ + std::chrono::duration_cast<steady::duration>(after);
  }

  void wait() {
    if (planned_ == total_)
      return;
    timer_.expires_at(due(planned_));
    timer_.async_wait([this](beast::error_code failed) {
      if (failed)
        return;
      for (const auto now = steady::now(); planned_ < total_ && due(planned_) <= now; ++planned_)
        waiting_.push_back(due(planned_));
      send();
      wait();
    });
  }

  void send() {
    while (!waiting_.empty() && !idle_.empty()) {
      auto& x = *idle_.front();
      idle_.pop_front();
      x.due = waiting_.front();
      waiting_.pop_front();
      const auto& target = what_.targets[asked_++ % what_.targets.size()];
      x.request
        = "GET " + target + " HTTP/1.1\r\nHost: " + what_.host + "\r\n" + authorization_ + "\r\n";
      asio::async_write(x.socket, asio::buffer(x.request),
                        [this, &x](beast::error_code failed, size_t) {
                          if (failed)
                            ++bad_;
                          else
                            read(x);
                        });
    }
  }

  void read(connection& x) {
    x.answer.emplace();
    http::async_read(x.socket, x.buffer, *x.answer, [this, &x](beast::error_code failed, size_t) {
      if (failed) {
        ++bad_;
        return;
      }
      if (x.answer->get().result() != http::status::ok)
        ++bad_;
      took_.push_back(steady::now() - x.due);
      idle_.push_back(&x);
      send();
    });
  }

  double percentile(double part) const {
    const auto at
      = std::min(took_.size() - 1, static_cast<size_t>(part * static_cast<double>(took_.size())));
    return std::chrono::duration<double, std::milli>(took_[at]).count();
  }

  int report() {
    std::ranges::sort(took_);
    if (took_.size() != total_ || bad_ > 0) {
      std::cerr << took_.size() << " of " << total_ << " were answered, " << bad_ << " badly\n";
      return 1;
    }
    std::printf("%zu %.2f %.2f %.2f %.2f\n", took_.size(), percentile(0.5), percentile(0.9),
                percentile(0.99), percentile(1));
    return 0;
  }

  const load& what_;
  std::string authorization_; ///< A line of the head, or nothing.
  asio::io_context io_{1};
  asio::steady_timer timer_;
  std::vector<std::unique_ptr<connection>> all_;
  std::deque<connection*> idle_;
  std::deque<steady::time_point> waiting_; ///< Due, but no connection is free.
  std::vector<steady::duration> took_;
  steady::time_point began_;
  size_t total_ = 0;
  size_t planned_ = 0;
  size_t asked_ = 0;
  size_t bad_ = 0;
};

} // namespace

int apply_load(const load& x) {
  return open_loop{x}.run();
}

} // namespace backendim::bench
