#include "adapters/proxy/edge.hpp"

#include "adapters/proxy/certificates.hpp"
#include "adapters/proxy/listener.hpp"
#include "adapters/proxy/worker.hpp"
#include "protocol/error.hpp"

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace backendim::proxy {

namespace {

using boost::asio::ip::tcp;

/// Raises the limit; returns how many descriptors the process may have.
size_t raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return 1024;
  if (limit.rlim_cur < limit.rlim_max) {
    rlimit raised{limit.rlim_max, limit.rlim_max};
    if (::setrlimit(RLIMIT_NOFILE, &raised) == 0)
      limit = raised;
  }
  return static_cast<size_t>(limit.rlim_cur);
}

class edge_impl final : public running_edge {
public:
  explicit edge_impl(edge_config config) : config_{std::move(config)} {
    for (unsigned i = 0; i != config_.threads; ++i)
      workers_.push_back(std::make_unique<worker>(config_, registry_, open_connections_));
  }

  ~edge_impl() override { stop(std::chrono::milliseconds{0}); }

  /// 0 or the reason as errno.
  int listen(const tcp::endpoint& at) { return listen(listener_, at, config_.descriptor, false); }
  int listen_tls(const tcp::endpoint& at) {
    return listen(tls_listener_, at, config_.tls->descriptor, true);
  }

  void start(route_table first, std::unique_ptr<certificates> shown) {
    certificates_ = std::move(shown);
    if (certificates_) {
      const auto port = tls_port();
      for (auto& x : workers_) {
        x->certificates = certificates_->current();
        x->redirects = config_.tls->redirect;
        x->secure_suffix = port == 443 ? "" : ":" + std::to_string(port);
      }
      certificates_->start([this](const certificate_set_ptr& fresh) {
        for (auto& x : workers_)
          x->loop.post([&to = *x, fresh] { to.use(fresh); });
      });
    }
    publish(std::move(first), [] {});
    workers_.front()->loop.post([this] {
      listener_->start();
      if (tls_listener_)
        tls_listener_->start();
    });
    for (auto& x : workers_)
      threads_.emplace_back([this, &x] {
        x->run();
        std::lock_guard lock{mutex_};
        ++ended_;
        changed_.notify_all();
      });
  }

  uint16_t port() const override { return listener_->port(); }

  uint16_t tls_port() const override { return tls_listener_ ? tls_listener_->port() : 0; }

  bool has_certificate(const std::string& host) const override {
    return certificates_ && certificates_->current()->find(host) != nullptr;
  }

  std::chrono::system_clock::time_point first_certificate_end() const override {
    return certificates_ ? certificates_->current()->first_end()
                         : std::chrono::system_clock::time_point{};
  }

  caf::error trouble() override { return certificates_ ? certificates_->trouble() : caf::error{}; }

  edge_counters counters() const override {
    edge_counters result;
    for (const auto& x : workers_) {
      const auto& from = x->counters;
      result.requests += from.requests.load(std::memory_order_relaxed);
      result.errors_502 += from.errors_502.load(std::memory_order_relaxed);
      result.errors_503 += from.errors_503.load(std::memory_order_relaxed);
      result.errors_504 += from.errors_504.load(std::memory_order_relaxed);
      result.refused += from.refused.load(std::memory_order_relaxed);
      result.handshakes += from.handshakes.load(std::memory_order_relaxed);
      result.failed_handshakes += from.failed_handshakes.load(std::memory_order_relaxed);
    }
    result.open_connections = open_connections_.load(std::memory_order_relaxed);
    return result;
  }

  void publish(route_table table, std::function<void()> used) override {
    registry_.forget_unused();
    limiters_.forget_unused();
    tallies_.forget_unused();
    auto fresh = std::make_shared<const routes>(std::move(table), registry_, limiters_, tallies_);
    {
      // The lock keeps tables in the same order at all workers.
      std::lock_guard lock{mutex_};
      if (!stopped_) {
        auto last = std::make_shared<after_all>(workers_.size(), std::move(used));
        for (auto& x : workers_)
          x->loop.post([&to = *x, fresh, last] {
            to.use(fresh);
            last->one_done();
          });
        return;
      }
    }
    used();
  }

  void when_idle(std::vector<upstream_address> upstreams, std::function<void()> idle) override {
    {
      std::lock_guard lock{mutex_};
      if (!stopped_) {
        // By way of a worker: the caller may hold a lock that idle() takes.
        workers_.front()->loop.post(
          [this, which = std::move(upstreams), idle = std::move(idle)]() mutable {
            registry_.when_idle(which, std::move(idle));
          });
        return;
      }
    }
    registry_.when_idle(upstreams, std::move(idle));
  }

  split_count count_of(const std::string& name) override { return tallies_.count_of(name); }

  void stop(std::chrono::milliseconds deadline) override {
    std::lock_guard only_one{stop_mutex_};
    {
      std::unique_lock lock{mutex_};
      if (std::exchange(stopped_, true))
        return;
      workers_.front()->loop.post([this] {
        listener_->close();
        if (tls_listener_)
          tls_listener_->close();
      });
      for (auto& x : workers_)
        x->loop.post([&to = *x] { to.finish(); });
      changed_.wait_for(lock, deadline, [this] { return ended_ == workers_.size(); });
    }
    for (auto& x : workers_)
      x->loop.post([&to = *x] { to.cut(); });
    for (auto& x : threads_)
      x.join();
    for (auto& x : workers_)
      x->loop.run_posted(); // what came when a loop had ended already
    registry_.give_up();
  }

private:
  /// Calls *done* when it has been told often enough.
  struct after_all {
    after_all(size_t n, std::function<void()> f) : left{n}, done{std::move(f)} {}
    void one_done() {
      if (left.fetch_sub(1) == 1)
        done();
    }
    std::atomic<size_t> left;
    std::function<void()> done;
  };

  int listen(boost::intrusive_ptr<listener>& to, const tcp::endpoint& at, int descriptor,
             bool secure) {
    to = new listener{workers_.front()->loop, [this, secure](int client, const tcp::endpoint& x) {
                        take(client, x, secure);
                      }};
    return descriptor >= 0 ? to->adopt(descriptor) : to->open(at);
  }

  void take(int descriptor, const tcp::endpoint& peer, bool secure) {
    if (open_connections_.fetch_add(1, std::memory_order_relaxed) >= config_.max_connections) {
      static constexpr std::string_view full
        = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 2\r\n"
          "Cache-Control: no-store\r\nConnection: close\r\n\r\n";
      if (!secure) // and in TLS a handshake would take what is scarce
        (void)!::send(descriptor, full.data(), full.size(), MSG_NOSIGNAL);
      ::close(descriptor);
      open_connections_.fetch_sub(1, std::memory_order_relaxed);
      return;
    }
    // In turn: workers stay level.
    auto& to = *workers_[next_++ % workers_.size()];
    if (&to == workers_.front().get())
      to.adopt(descriptor, peer.address(), secure);
    else
      to.loop.post(
        [&to, descriptor, ip = peer.address(), secure] { to.adopt(descriptor, ip, secure); });
  }

  const edge_config config_;
  upstream_registry registry_;
  limiter_registry limiters_;
  tally_registry tallies_;
  std::atomic<uint64_t> open_connections_{0};
  std::vector<std::unique_ptr<worker>> workers_;
  std::vector<std::thread> threads_;
  boost::intrusive_ptr<listener> listener_;     ///< The first worker's thread has it.
  boost::intrusive_ptr<listener> tls_listener_; ///< Likewise; null: no TLS.
  size_t next_ = 0;

  std::mutex stop_mutex_; ///< Held by who stops it.
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t ended_ = 0;
  bool stopped_ = false;
  std::unique_ptr<certificates> certificates_; ///< Last: its thread posts to workers. Null: no TLS.
};

caf::expected<tcp::endpoint> endpoint_of(const std::string& address, uint16_t port) {
  boost::system::error_code failed;
  const auto ip = boost::asio::ip::make_address(address, failed);
  if (failed)
    return caf::make_error(ec::invalid_request, address + " is not an IP address");
  return tcp::endpoint{ip, port};
}

caf::error cannot_listen(const tcp::endpoint& at, int reason) {
  return caf::make_error(ec::unavailable, "cannot listen on " + at.address().to_string() + " port "
                                            + std::to_string(at.port()) + ": "
                                            + std::generic_category().message(reason));
}

} // namespace

caf::expected<std::shared_ptr<running_edge>> open_edge(edge_config config, route_table first) {
  if (config.threads == 0)
    config.threads = std::max(1u, std::thread::hardware_concurrency());
  config.header_limit = std::max<size_t>(config.header_limit, 1024);
  config.max_connections = std::min(config.max_connections, raise_descriptor_limit() / 2);
  const auto at = endpoint_of(config.address, config.port);
  if (!at)
    return at.error();
  std::optional<tcp::endpoint> tls_at;
  std::unique_ptr<certificates> shown;
  if (const auto& tls = config.tls) {
    const auto found = endpoint_of(tls->address, tls->port);
    if (!found)
      return found.error();
    tls_at = *found;
    auto read = certificates::open(tls->certificates);
    if (!read)
      return std::move(read.error());
    shown = std::move(*read);
  }
  try {
    auto result = std::make_shared<edge_impl>(std::move(config));
    if (const int reason = result->listen(*at); reason != 0)
      return cannot_listen(*at, reason);
    if (tls_at)
      if (const int reason = result->listen_tls(*tls_at); reason != 0)
        return cannot_listen(*tls_at, reason);
    result->start(std::move(first), std::move(shown));
    return std::shared_ptr<running_edge>{std::move(result)};
  } catch (const std::system_error& x) { // no descriptor or no thread is left
    return caf::make_error(ec::unavailable, std::string{"cannot start the edge: "} + x.what());
  }
}

} // namespace backendim::proxy
