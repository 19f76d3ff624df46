#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace backendim::postgres {

/// libpq waits for an answer as long as its connection seems to live. This cuts a connection that
/// has been silent for too long; then the call which waits there fails.
class watchdog {
public:
  watchdog();
  ~watchdog();
  watchdog(const watchdog&) = delete;
  watchdog& operator=(const watchdog&) = delete;

  /// Watches a call for as long as this lives. Its socket has to stay open meanwhile.
  class watch {
  public:
    watch(watchdog& by, int socket, std::chrono::milliseconds limit);
    ~watch();
    watch(const watch&) = delete;
    watch& operator=(const watch&) = delete;

  private:
    watchdog& by_;
  };

private:
  void run(const std::stop_token& stop);

  std::mutex mutex_;
  std::condition_variable_any changed_;
  int socket_ = -1; ///< None: nobody calls.
  std::chrono::steady_clock::time_point until_;
  std::jthread thread_; ///< Last: it uses the others.
};

} // namespace backendim::postgres
