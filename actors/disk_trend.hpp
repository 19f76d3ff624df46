#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>

namespace backendim {

/// How much of a disk was free, now and then.
class disk_trend {
public:
  using clock = std::chrono::steady_clock;

  void add(clock::time_point now, uint64_t free_bytes);
  /// Something was removed: what was before says nothing about how fast the disk fills.
  void forget() { samples_.clear(); }

  /// When only *floor* is free if it goes on as in the last hours; none: it does not fill, it has
  /// been looked at for a few minutes only, or that is more than a year away.
  std::optional<std::chrono::seconds> time_until(uint64_t floor) const;

private:
  struct sample {
    clock::time_point at;
    uint64_t free_bytes = 0;
  };
  std::deque<sample> samples_; ///< Oldest first, then the last look.
};

} // namespace backendim
