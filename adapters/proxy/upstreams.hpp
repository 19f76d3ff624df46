#pragma once

#include "adapters/edge.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace backendim::proxy {

/// One task, the same object in every table that names it.
struct upstream {
  explicit upstream(const upstream_address& x);

  upstream_address address;
  boost::asio::ip::tcp::endpoint endpoint;
  bool numeric = false; ///< Names are not looked up: such an upstream refuses every connection.
  std::atomic<uint32_t> in_flight{0};
  std::atomic<bool> watched{false}; ///< Somebody waits for in_flight to be 0.
  /// When a connect failed last, in ticks of the steady clock.
  std::atomic<std::chrono::steady_clock::rep> failed_at{0};
};
using upstream_ptr = std::shared_ptr<upstream>;

/// Knows every upstream that is in use, and who waits for which to be idle. Thread-safe.
class upstream_registry {
public:
  upstream_ptr get(const upstream_address& x);

  /// Drops what neither a table nor a request names; call it now and then.
  void forget_unused();

  /// Calls *idle* once, here or in the thread in which the last of the requests ends.
  void when_idle(const std::vector<upstream_address>& which, std::function<void()> idle);

  /// One request fewer at *x*.
  void landed(upstream& x);

  /// Answers all who wait.
  void give_up();

private:
  struct waiter {
    std::vector<upstream_ptr> busy;
    std::function<void()> idle;
  };
  void answer_idle();

  std::mutex mutex_;
  std::map<upstream_address, std::weak_ptr<upstream>> known_;
  std::vector<waiter> waiters_;
};

/// Counts one request at an upstream while it lives.
class flight {
public:
  explicit flight(upstream_registry& registry) : registry_{registry} {}
  flight(const flight&) = delete;
  flight& operator=(const flight&) = delete;
  ~flight() { land(); }

  void board(upstream_ptr to) {
    to->in_flight.fetch_add(1);
    land();
    to_ = std::move(to);
  }
  void land() {
    if (auto from = std::move(to_))
      registry_.landed(*from);
  }
  const upstream_ptr& to() const { return to_; }

private:
  upstream_registry& registry_;
  upstream_ptr to_;
};

} // namespace backendim::proxy
