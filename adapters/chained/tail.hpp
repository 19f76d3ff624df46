#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>

namespace backendim::chained {

/// Those who wait for a journal to grow. Thread-safe.
class tail {
public:
  /// The journal has an event at *position*; an older one is nothing new.
  void grown_to(uint64_t position);

  /// As journal::when_longer and journal::cancel.
  uint64_t when_longer(uint64_t position, std::function<void()> grown);
  void cancel(uint64_t ticket);

private:
  struct waiter {
    uint64_t position = 0;
    std::function<void()> grown;
  };

  std::mutex mutex_;
  uint64_t position_ = 0;
  std::map<uint64_t, waiter> waiting_; ///< By ticket.
  uint64_t last_ticket_ = 0;
};

} // namespace backendim::chained
