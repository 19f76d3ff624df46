#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace backendim::e2e {

/// Clients that ask an app for its page at a steady rate until they are stopped: half of them keep
/// their connection as long as it lasts, the others make a new one for each request.
///
/// As every client does, one whose kept connection was closed before it got a byte asks once more
/// on a new one (RFC 9112 9.3.1). Everything else that is no 200 is a failure.
class steady_load {
public:
  /// *per_second* requests of all clients together to *port* of this machine, at most *limit*.
  steady_load(std::string host, uint16_t port, unsigned per_second, uint64_t limit);
  ~steady_load();

  void stop();
  uint64_t good() const { return good_; }
  uint64_t bad() const { return bad_; }
  uint64_t asked_again() const { return again_; }
  std::string first_failures();
  std::chrono::milliseconds slowest() const { return std::chrono::milliseconds{slowest_.load()}; }

private:
  void ask(bool keep, std::chrono::microseconds pause);
  void failed(const std::string& why);

  std::string host_;
  uint16_t port_;
  uint64_t limit_;
  std::atomic<uint64_t> asked_{0}, good_{0}, bad_{0}, again_{0};
  std::atomic<int64_t> slowest_{0};
  std::atomic<bool> stop_{false};
  std::mutex lock_;
  std::vector<std::string> failures_;
  std::vector<std::thread> clients_;
};

} // namespace backendim::e2e
