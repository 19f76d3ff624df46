#include "actors/slot_lane.hpp"

#include <algorithm>
#include <functional>

namespace backendim {

using std::chrono::milliseconds;

namespace {

constexpr double weight_of_the_last = 0.3;
/// A job that takes longer than usual is expected to take this part of the usual time still.
constexpr int64_t overdue_part = 10;

} // namespace

void slot_lane::enter(ticket x, const std::string& tenant) {
  auto& line = lines_[tenant];
  if (line.empty())
    ring_.insert(
      std::ranges::upper_bound(ring_, last_turn_of(tenant), {},
                               [this](const std::string& other) { return last_turn_of(other); }),
      tenant);
  line.push_back(x);
}

uint64_t slot_lane::last_turn_of(const std::string& tenant) const {
  const auto known = last_.find(tenant);
  return known == last_.end() ? 0 : known->second;
}

std::optional<slot_lane::ticket>
slot_lane::admit(clock::time_point now, const std::function<bool(const std::string&)>& may) {
  if (running_.size() >= slots_)
    return std::nullopt;
  const auto next = may ? std::ranges::find_if(ring_, may) : ring_.begin();
  if (next == ring_.end())
    return std::nullopt;
  auto tenant = std::move(*next);
  ring_.erase(next);
  last_[tenant] = ++last_turn_;
  const auto found = lines_.find(tenant);
  const auto first = found->second.front();
  found->second.pop_front();
  if (found->second.empty())
    lines_.erase(found);
  else
    ring_.push_back(std::move(tenant));
  running_.emplace(first, now);
  return first;
}

void slot_lane::withdraw(ticket x) {
  for (auto& [tenant, line] : lines_) {
    if (std::erase(line, x) == 0)
      continue;
    if (line.empty()) {
      std::erase(ring_, tenant);
      lines_.erase(tenant);
    }
    return;
  }
}

void slot_lane::leave(ticket x, clock::time_point now, bool usual) {
  const auto found = running_.find(x);
  if (found == running_.end())
    return;
  const auto took = std::chrono::duration_cast<milliseconds>(now - found->second);
  running_.erase(found);
  if (running_.empty() && ring_.empty())
    last_.clear(); // all begin anew
  if (!usual)
    return;
  if (!usual_)
    usual_ = took;
  else
    *usual_ += std::chrono::duration_cast<milliseconds>(weight_of_the_last * (took - *usual_));
}

std::vector<milliseconds> slot_lane::slots_free_in(clock::time_point now) const {
  std::vector<milliseconds> result(slots_ - std::min<size_t>(slots_, running_.size()));
  for (const auto& [who, since] : running_)
    result.push_back(std::max(*usual_ - std::chrono::duration_cast<milliseconds>(now - since),
                              *usual_ / overdue_part));
  std::ranges::sort(result);
  return result;
}

std::vector<slot_lane::turn> slot_lane::turns(clock::time_point now) const {
  std::vector<turn> result;
  auto ring = ring_;
  std::map<std::string, size_t> served;
  while (!ring.empty()) {
    auto tenant = std::move(ring.front());
    ring.pop_front();
    const auto& line = lines_.at(tenant);
    auto& next = served[tenant];
    result.push_back({line[next], std::nullopt});
    if (++next < line.size())
      ring.push_back(std::move(tenant));
  }
  if (!usual_ || slots_ == 0)
    return result;
  auto free = slots_free_in(now); // a heap with the soonest on top
  std::ranges::make_heap(free, std::greater{});
  for (auto& x : result) {
    std::ranges::pop_heap(free, std::greater{});
    x.wait = free.back();
    free.back() += *usual_;
    std::ranges::push_heap(free, std::greater{});
  }
  return result;
}

std::optional<milliseconds> slot_lane::next_slot(clock::time_point now) const {
  if (running_.size() < slots_)
    return milliseconds{0};
  if (!usual_)
    return std::nullopt;
  return slots_free_in(now).front();
}

size_t slot_lane::waiting() const {
  size_t result = 0;
  for (const auto& [tenant, line] : lines_)
    result += line.size();
  return result;
}

size_t slot_lane::waiting_of(const std::string& tenant) const {
  const auto found = lines_.find(tenant);
  return found == lines_.end() ? 0 : found->second.size();
}

} // namespace backendim
