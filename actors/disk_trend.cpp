#include "actors/disk_trend.hpp"

namespace backendim {

using namespace std::chrono_literals;

namespace {
constexpr auto apart = 5min;
constexpr auto kept_for = 6h;
constexpr std::chrono::hours far_away{365 * 24};
} // namespace

void disk_trend::add(clock::time_point now, uint64_t free_bytes) {
  while (samples_.size() > 1 && samples_.front().at + kept_for < now)
    samples_.pop_front();
  const auto count = samples_.size();
  if (count > 1 && samples_[count - 1].at < samples_[count - 2].at + apart)
    samples_.back() = {now, free_bytes};
  else
    samples_.push_back({now, free_bytes});
}

std::optional<std::chrono::seconds> disk_trend::time_until(uint64_t floor) const {
  if (samples_.size() < 2)
    return std::nullopt;
  const auto& first = samples_.front();
  const auto& last = samples_.back();
  const std::chrono::duration<double> took = last.at - first.at;
  if (took < apart || last.free_bytes >= first.free_bytes)
    return std::nullopt;
  if (last.free_bytes <= floor)
    return 0s;
  const auto rate = static_cast<double>(first.free_bytes - last.free_bytes) / took.count();
  const std::chrono::duration<double> left{static_cast<double>(last.free_bytes - floor) / rate};
  if (left > far_away)
    return std::nullopt;
  return std::chrono::duration_cast<std::chrono::seconds>(left);
}

} // namespace backendim
