#pragma once

#include "protocol/ip_network.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace backendim::proxy {

/// How fast a client may go on: *requests* in *seconds*, *burst* at once after a pause. None is 0.
struct pace {
  uint32_t requests = 1;
  uint32_t seconds = 1;
  uint32_t burst = 1;
  friend bool operator==(const pace&, const pace&) = default;
};

/// A bucket of tokens for each client of one host. All workers share it, so however many there are
/// and however a client's connections are dealt out, it gets through what the pace says. A client
/// is an IPv4 address or the /64 of an IPv6 address.
///
/// Its memory is fixed (86 kB): 4,096 clients that have used some of their tokens lately are told
/// apart. When more come, the one that has used least is forgotten, which gives it a full bucket.
/// So whoever has very many addresses can make the limit weaker for some of them, but can neither
/// make it grow nor get others refused. Thread-safe: a lock is held for some dozen instructions, by
/// clients whose addresses fall into the same of 512 rows; which row, a random number decides.
class limiter {
public:
  using clock = std::chrono::steady_clock;

  explicit limiter(const pace& x);

  /// Takes a token. Zero: there was one; else how long until there will be one.
  std::chrono::nanoseconds take(const ip_address& client, clock::time_point now);

  const pace& speed() const { return pace_; }

private:
  /// When it will be full again says how much is taken. Before the clock begins: free.
  struct bucket {
    uint64_t client = 0;
    int64_t full_at = 0;
  };
  struct row {
    std::mutex busy;
    std::array<bucket, 8> buckets{};
  };
  static constexpr size_t row_count = 512;

  uint64_t id_of(const ip_address& client) const;

  const pace pace_;
  const int64_t interval_;  ///< Nanoseconds between two tokens.
  const int64_t tolerance_; ///< How far from full a bucket with one token is, likewise.
  const std::array<uint64_t, 2> seed_;
  std::unique_ptr<row[]> rows_;
};

/// Keeps the limiters of hosts from one table to the next: a new table, of which every scaling of
/// any app makes one, must not fill the buckets. Thread-safe.
class limiter_registry {
public:
  /// The one that a table in use has for *host*, if it has the same pace; else a new one.
  std::shared_ptr<limiter> get(const std::string& host, const pace& x);

  /// Drops what no table names; call it now and then.
  void forget_unused();

private:
  std::mutex mutex_;
  std::map<std::string, std::weak_ptr<limiter>> known_;
};

} // namespace backendim::proxy
