#include "adapters/chained/tail.hpp"

#include <utility>

namespace backendim::chained {

void tail::grown_to(uint64_t position) {
  const std::lock_guard guard{mutex_};
  if (position <= position_)
    return;
  position_ = position;
  for (auto i = waiting_.begin(); i != waiting_.end();) {
    if (i->second.position >= position_) {
      ++i;
      continue;
    }
    i->second.grown(); // under the lock, so that cancel() can promise
    i = waiting_.erase(i);
  }
}

uint64_t tail::when_longer(uint64_t position, std::function<void()> grown) {
  const std::lock_guard guard{mutex_};
  const auto ticket = ++last_ticket_; // also when nobody waits: cancel() must not meet another's
  if (position_ > position)
    grown();
  else
    waiting_[ticket] = {position, std::move(grown)};
  return ticket;
}

void tail::cancel(uint64_t ticket) {
  const std::lock_guard guard{mutex_};
  waiting_.erase(ticket);
}

} // namespace backendim::chained
