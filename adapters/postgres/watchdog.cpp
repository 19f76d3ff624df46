#include "adapters/postgres/watchdog.hpp"

#include <sys/socket.h>

namespace backendim::postgres {

watchdog::watchdog() : thread_{[this](const std::stop_token& stop) { run(stop); }} {}

watchdog::~watchdog() {
  thread_.request_stop();
  thread_.join();
}

watchdog::watch::watch(watchdog& by, int socket, std::chrono::milliseconds limit) : by_{by} {
  const std::lock_guard guard{by_.mutex_};
  by_.socket_ = socket;
  by_.until_ = std::chrono::steady_clock::now() + limit;
  // It looks often enough to notice: waking it for each call would cost more than it is worth.
}

watchdog::watch::~watch() {
  const std::lock_guard guard{by_.mutex_};
  by_.socket_ = -1;
}

void watchdog::run(const std::stop_token& stop) {
  std::unique_lock guard{mutex_};
  while (!stop.stop_requested()) {
    changed_.wait_for(guard, stop, std::chrono::seconds{1}, [] { return false; });
    if (socket_ >= 0 && std::chrono::steady_clock::now() >= until_) {
      ::shutdown(socket_, SHUT_RDWR);
      socket_ = -1;
    }
  }
}

} // namespace backendim::postgres
