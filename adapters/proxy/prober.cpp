#include "adapters/proxy/prober.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string_view>
#include <thread>
#include <unordered_set>
#include <utility>

namespace backendim::proxy {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using outcome = probe_result::outcome;

constexpr size_t max_head = 16 * 1024;

/// The status of the response that *head* begins with, interim ones skipped. 0: rubbish; no value:
/// more bytes are needed.
std::optional<unsigned> status_in(std::string_view head) {
  for (;;) {
    static constexpr std::string_view begin = "HTTP/1.";
    const auto n = std::min(head.size(), begin.size());
    if (head.substr(0, n) != begin.substr(0, n))
      return 0;
    if (head.size() < 13)
      return std::nullopt;
    unsigned status = 0;
    const auto digits = head.substr(9, 3);
    const auto [end, failed] = std::from_chars(digits.data(), digits.data() + 3, status);
    if (head[8] != ' ' || failed != std::errc{} || end != digits.data() + 3 || status < 100)
      return 0;
    if (status >= 200)
      return status;
    const auto next = head.find("\r\n\r\n");
    if (next == std::string_view::npos)
      return std::nullopt;
    head.remove_prefix(next + 4);
  }
}

/// One question; lives as long as something is under way.
class probing : public std::enable_shared_from_this<probing> {
public:
  probing(asio::io_context& io, std::unordered_set<probing*>& all, const probe_request& x,
          std::function<void(probe_result)> done)
    : socket_{io}, timer_{io}, all_{all}, target_{x.target}, path_{x.path}, done_{std::move(done)} {
    all_.insert(this);
  }

  void start(std::chrono::steady_clock::time_point deadline) {
    timer_.expires_at(deadline);
    timer_.async_wait([self = shared_from_this()](error_code failed) {
      if (!failed)
        self->answer({outcome::no_answer});
    });
    error_code failed;
    const auto ip = asio::ip::make_address(target_.host, failed);
    if (failed)
      return answer({outcome::no_answer});
    socket_.async_connect({ip, target_.port},
                          [self = shared_from_this()](error_code x) { self->connected(x); });
  }

  void answer(probe_result x) {
    if (!done_)
      return;
    const auto self = shared_from_this();
    const auto done = std::exchange(done_, nullptr);
    all_.erase(this);
    timer_.cancel();
    error_code ignored;
    socket_.close(ignored);
    done(x);
  }

private:
  void connected(error_code failed) {
    if (failed)
      return answer(
        {failed == asio::error::connection_refused ? outcome::refused : outcome::no_answer});
    if (path_.empty())
      return answer({outcome::good});
    const bool v6 = target_.host.find(':') != std::string::npos;
    text_ = "GET " + (path_.starts_with('/') ? path_ : "/" + path_) + " HTTP/1.1\r\nHost: "
            + (v6 ? "[" + target_.host + "]" : target_.host) + ":" + std::to_string(target_.port)
            + "\r\nUser-Agent: backend-im-probe\r\nAccept: */*\r\nConnection: close\r\n\r\n";
    asio::async_write(socket_, asio::buffer(text_),
                      [self = shared_from_this()](error_code x, size_t) {
                        if (x)
                          self->answer({outcome::no_answer});
                        else
                          self->read();
                      });
  }

  void read() {
    socket_.async_read_some(
      asio::buffer(buffer_), [self = shared_from_this()](error_code failed, size_t n) {
        self->head_.append(self->buffer_.data(), n);
        const auto status = status_in(self->head_);
        if (status && *status != 0)
          self->answer({*status < 400 ? outcome::good : outcome::bad_status, *status});
        else if (status || failed || self->head_.size() > max_head)
          self->answer({outcome::no_answer});
        else
          self->read();
      });
  }

  tcp::socket socket_;
  asio::steady_timer timer_;
  std::unordered_set<probing*>& all_;
  upstream_address target_;
  std::string path_;
  std::function<void(probe_result)> done_;
  std::string text_;
  std::string head_;
  std::array<char, 1024> buffer_{};
};

class one_thread_prober final : public prober {
public:
  one_thread_prober() : inner_{std::make_shared<inner>()} {
    // The thread shares what it uses: in a callback the prober may be destroyed by it.
    thread_ = std::thread{[inner = inner_] { inner->io.run(); }};
  }

  ~one_thread_prober() override {
    asio::post(inner_->io, [inner = inner_.get()] {
      while (!inner->all.empty())
        (*inner->all.begin())->answer({outcome::no_answer});
      inner->work.reset();
    });
    if (thread_.get_id() == std::this_thread::get_id())
      thread_.detach();
    else
      thread_.join();
  }

  void probe(const probe_request& x, std::function<void(probe_result)> done) override {
    const auto deadline = std::chrono::steady_clock::now() + x.deadline;
    asio::post(inner_->io, [inner = inner_.get(), x, deadline, done = std::move(done)]() mutable {
      std::make_shared<probing>(inner->io, inner->all, x, std::move(done))->start(deadline);
    });
  }

private:
  struct inner {
    std::unordered_set<probing*> all; // outlives the handlers in io
    asio::io_context io{1};
    asio::executor_work_guard<asio::io_context::executor_type> work{io.get_executor()};
  };

  std::shared_ptr<inner> inner_;
  std::thread thread_;
};

} // namespace

std::shared_ptr<prober> make_prober() {
  return std::make_shared<one_thread_prober>();
}

} // namespace backendim::proxy
