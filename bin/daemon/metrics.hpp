#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace backendim::daemon {

/// What /metrics shows. Thread-safe.
class metrics {
public:
  metrics();
  ~metrics();

  void request(std::string_view route, unsigned status, std::chrono::nanoseconds took);

  /// A value that is asked for at each look; *read* must not block.
  void gauge(std::string name, std::string help, std::function<double()> read);

  /// Prometheus text format 0.0.4.
  std::string text() const;

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace backendim::daemon
