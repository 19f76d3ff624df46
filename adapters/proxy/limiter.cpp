#include "adapters/proxy/limiter.hpp"

#include <algorithm>
#include <cstring>
#include <random>

namespace backendim::proxy {

namespace {

/// The finalizer of MurmurHash3.
uint64_t mixed(uint64_t x) {
  x = (x ^ (x >> 33)) * 0xff51afd7ed558ccdull;
  x = (x ^ (x >> 33)) * 0xc4ceb9fe1a85ec53ull;
  return x ^ (x >> 33);
}

uint64_t random_number() {
  std::random_device random;
  return (uint64_t{random()} << 32) | random();
}

int64_t nanoseconds_between_tokens(const pace& x) {
  return int64_t{x.seconds} * 1'000'000'000 / x.requests;
}

} // namespace

limiter::limiter(const pace& x)
  : pace_{x}, interval_{nanoseconds_between_tokens(x)}, tolerance_{interval_
                                                                   * (int64_t{x.burst} - 1)},
    seed_{random_number(), random_number()}, rows_{std::make_unique<row[]>(row_count)} {}

/// Nobody who does not know the seed can find two clients with the same one, or of the same row.
uint64_t limiter::id_of(const ip_address& client) const {
  std::array<uint64_t, 2> half{};
  std::memcpy(half.data(), client.data(), client.size());
  if (!is_v4(client))
    half[1] = 0; // whoever has one address of a /64 has all of them
  return mixed(mixed(half[0] ^ seed_[0]) ^ half[1] ^ seed_[1]);
}

std::chrono::nanoseconds limiter::take(const ip_address& client, clock::time_point now) {
  const auto at = std::chrono::nanoseconds{now.time_since_epoch()}.count();
  const auto id = id_of(client);
  auto& all = rows_[id % row_count];
  const std::lock_guard lock{all.busy};
  auto* mine = all.buckets.data();
  for (auto& x : all.buckets) {
    if (x.client == id) {
      mine = &x;
      break;
    }
    if (x.full_at < mine->full_at)
      mine = &x;
  }
  if (mine->client != id)
    *mine = {id, at};
  const auto full_at = std::max(mine->full_at, at);
  if (full_at - at > tolerance_)
    return std::chrono::nanoseconds{full_at - at - tolerance_};
  mine->full_at = full_at + interval_;
  return std::chrono::nanoseconds{0};
}

std::shared_ptr<limiter> limiter_registry::get(const std::string& host, const pace& x) {
  const std::lock_guard lock{mutex_};
  auto& known = known_[host];
  if (auto used = known.lock(); used && used->speed() == x)
    return used;
  auto fresh = std::make_shared<limiter>(x);
  known = fresh;
  return fresh;
}

void limiter_registry::forget_unused() {
  const std::lock_guard lock{mutex_};
  std::erase_if(known_, [](const auto& x) { return x.second.expired(); });
}

} // namespace backendim::proxy
