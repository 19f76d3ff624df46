#include "adapters/proxy/upstreams.hpp"

#include <algorithm>
#include <utility>

namespace backendim::proxy {

upstream::upstream(const upstream_address& x) : address{x} {
  boost::system::error_code failed;
  const auto ip = boost::asio::ip::make_address(x.host, failed);
  numeric = !failed;
  endpoint = {ip, x.port};
}

upstream_ptr upstream_registry::get(const upstream_address& x) {
  std::lock_guard lock{mutex_};
  auto& place = known_[x];
  auto result = place.lock();
  if (!result) {
    result = std::make_shared<upstream>(x);
    place = result;
  }
  return result;
}

void upstream_registry::forget_unused() {
  std::lock_guard lock{mutex_};
  std::erase_if(known_, [](const auto& entry) { return entry.second.expired(); });
}

void upstream_registry::when_idle(const std::vector<upstream_address>& which,
                                  std::function<void()> idle) {
  {
    std::lock_guard lock{mutex_};
    waiter fresh{{}, std::move(idle)};
    for (const auto& x : which)
      if (auto found = known_.find(x); found != known_.end())
        if (auto used = found->second.lock()) {
          // First the mark, then the look at the count in answer_idle; landed() lowers the count
          // first and then looks at the mark: one of the two sees the other.
          used->watched.store(true);
          fresh.busy.push_back(std::move(used));
        }
    waiters_.push_back(std::move(fresh));
  }
  answer_idle();
}

void upstream_registry::landed(upstream& x) {
  if (x.in_flight.fetch_sub(1) == 1 && x.watched.load())
    answer_idle();
}

void upstream_registry::answer_idle() {
  std::vector<waiter> answered;
  {
    std::lock_guard lock{mutex_};
    for (auto& x : waiters_)
      std::erase_if(x.busy, [](const upstream_ptr& u) { return u->in_flight.load() == 0; });
    const auto rest = std::partition(waiters_.begin(), waiters_.end(),
                                     [](const waiter& x) { return !x.busy.empty(); });
    std::move(rest, waiters_.end(), std::back_inserter(answered));
    waiters_.erase(rest, waiters_.end());
  }
  for (auto& x : answered)
    x.idle();
}

void upstream_registry::give_up() {
  std::vector<waiter> answered;
  {
    std::lock_guard lock{mutex_};
    answered.swap(waiters_);
  }
  for (auto& x : answered)
    x.idle();
}

} // namespace backendim::proxy
