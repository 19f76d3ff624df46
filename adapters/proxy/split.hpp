#pragma once

#include "adapters/edge.hpp"

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace backendim::proxy {

/// Which of a host's releases a request goes to.
enum class side : uint8_t { stable, canary };

/// Deals the requests of a host out to its two releases, and counts what becomes of them. All
/// workers share it. Thread-safe.
class split_tally {
public:
  /// The side of the next request. Steps of the golden ratio: every run of requests, short ones
  /// too, comes as close to the share as it can, and no rhythm of a client's falls in with it.
  side deal(uint32_t weight);

  split_count count() const;

private:
  friend class counted_request;
  struct half {
    std::atomic<uint64_t> requests{0};
    std::atomic<uint64_t> failed{0};
    std::atomic<uint64_t> waiting{0};
  };
  half& of(side x) { return x == side::canary ? canary_ : stable_; }

  std::atomic<uint64_t> turn_{0};
  half stable_;
  half canary_;
};

/// One request at one side of a split, from when it goes there until it is answered. One that is
/// dropped before, by its client, counts for nothing.
class counted_request {
public:
  counted_request() = default;
  counted_request(const counted_request&) = delete;
  counted_request& operator=(const counted_request&) = delete;
  ~counted_request() { drop(); }

  void begin(std::shared_ptr<split_tally> at, side which);
  void answered(bool failed); ///< Only the first time.
  void drop();

private:
  std::shared_ptr<split_tally> at_; ///< Null: nothing is under way.
  side side_ = side::stable;
};

/// Keeps tallies from one table to the next. Thread-safe.
class tally_registry {
public:
  std::shared_ptr<split_tally> get(const std::string& name);

  split_count count_of(const std::string& name);

  /// Drops what no table names; call it now and then.
  void forget_unused();

private:
  std::mutex mutex_;
  std::map<std::string, std::weak_ptr<split_tally>> known_;
};

} // namespace backendim::proxy
