#include "adapters/proxy/routes.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace backendim::proxy {

upstream_ptr upstream_group::pick(const std::vector<upstream_ptr>& tried) const {
  using clock = std::chrono::steady_clock;
  const auto n = members.size();
  const size_t first = n > 1 ? turn.fetch_add(1, std::memory_order_relaxed) % n : 0;
  const auto recent = (clock::now() - std::chrono::seconds{1}).time_since_epoch().count();
  upstream_ptr second_choice;
  for (size_t i = 0; i != n; ++i) {
    const auto& x = members[(first + i) % n];
    if (std::ranges::find(tried, x) != tried.end())
      continue;
    const auto failed = x->failed_at.load(std::memory_order_relaxed);
    if (failed == 0 || failed < recent)
      return x;
    if (!second_choice)
      second_choice = x;
  }
  return second_choice;
}

routes::routes(route_table table, upstream_registry& registry, limiter_registry& limiters,
               tally_registry& tallies)
  : epoch_{table.epoch} {
  const auto fill = [&](upstream_group& to, const std::vector<upstream_address>& from) {
    for (const auto& address : from) {
      to.members.push_back(registry.get(address));
      upstreams_.insert(to.members.back().get());
    }
  };
  for (auto& [host, from] : table.hosts) {
    auto& to = hosts_.try_emplace(host).first->second;
    to.asked = rules_of(host, from, limiters);
    to.page_title = std::move(from.page_title);
    to.page_text = std::move(from.page_text);
    fill(to.tasks, from.upstreams);
    if (!from.split)
      continue;
    auto canary = std::make_unique<canary_group>();
    fill(canary->tasks, from.split->upstreams);
    canary->weight = from.split->weight;
    canary->tally = tallies.get(from.split->name);
    to.canary = std::move(canary);
  }
}

const route* routes::find(std::string_view host) const {
  const auto found = hosts_.find(host);
  return found == hosts_.end() ? nullptr : &found->second;
}

void assign_host_key(std::string& key, std::string_view authority) {
  // A port's colon comes behind the bracket of an IPv6 address.
  const auto bracket = authority.rfind(']');
  const auto from = bracket == std::string_view::npos ? 0 : bracket;
  authority = authority.substr(0, std::min(authority.find(':', from), authority.size()));
  if (authority.ends_with('.'))
    authority.remove_suffix(1);
  key.assign(authority);
  for (char& c : key)
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c | 0x20);
}

} // namespace backendim::proxy
