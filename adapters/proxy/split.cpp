#include "adapters/proxy/split.hpp"

namespace backendim::proxy {

side split_tally::deal(uint32_t weight) {
  constexpr uint64_t golden = 0x9e3779b97f4a7c15; // 2^64 over the golden ratio
  constexpr uint64_t whole = 10'000;
  const auto place = turn_.fetch_add(1, std::memory_order_relaxed) * golden;
  return ((place >> 32) * whole) >> 32 < weight ? side::canary : side::stable;
}

split_count split_tally::count() const {
  const auto told = [](const half& x) {
    // First the part, then the whole: never more failures than requests.
    const auto failed = x.failed.load(std::memory_order_acquire);
    return request_count{x.requests.load(std::memory_order_acquire), failed};
  };
  return {told(canary_), told(stable_), canary_.waiting.load(std::memory_order_relaxed)};
}

void counted_request::begin(std::shared_ptr<split_tally> at, side which) {
  drop();
  at_ = std::move(at);
  side_ = which;
  at_->of(side_).waiting.fetch_add(1, std::memory_order_relaxed);
}

void counted_request::answered(bool failed) {
  if (!at_)
    return;
  auto& half = at_->of(side_);
  half.requests.fetch_add(1, std::memory_order_release);
  if (failed)
    half.failed.fetch_add(1, std::memory_order_release);
  drop();
}

void counted_request::drop() {
  if (const auto at = std::move(at_))
    at->of(side_).waiting.fetch_sub(1, std::memory_order_relaxed);
}

std::shared_ptr<split_tally> tally_registry::get(const std::string& name) {
  std::lock_guard lock{mutex_};
  auto& place = known_[name];
  auto result = place.lock();
  if (!result) {
    result = std::make_shared<split_tally>();
    place = result;
  }
  return result;
}

split_count tally_registry::count_of(const std::string& name) {
  std::lock_guard lock{mutex_};
  const auto found = known_.find(name);
  const auto used = found == known_.end() ? nullptr : found->second.lock();
  return used ? used->count() : split_count{};
}

void tally_registry::forget_unused() {
  std::lock_guard lock{mutex_};
  std::erase_if(known_, [](const auto& entry) { return entry.second.expired(); });
}

} // namespace backendim::proxy
