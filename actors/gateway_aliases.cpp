// Other hosts of apps: what goes for the app's own host goes for them.

#include "actors/gateway.hpp"

#include <algorithm>
#include <utility>

namespace backendim {

/// An alias stands for one host, so it is never two apps'. What a restart remembers of one that
/// stands for another host now, or for none, is forgotten.
caf::result<route_set> gateway_state::change_aliases(set_aliases x) {
  const bool same = std::exchange(told_aliases_, true) && aliases_ == x.hosts;
  if (same)
    return answer_at(epoch_ + (changed_ ? 1 : 0), x.host);
  for (const auto& [alias, host] : aliases_)
    rules_.erase(alias);
  aliases_ = std::move(x.hosts);
  by_host_.clear();
  for (const auto& [alias, host] : aliases_) {
    by_host_[host].push_back(alias);
    if (const auto kept = routes_.find(host); kept != routes_.end())
      mark_rules(alias, kept->second.rules);
  }
  std::erase_if(remembered_, [this](const auto& before) {
    if (!before.second.alias_of)
      return false;
    const auto now = aliases_.find(before.first);
    return now == aliases_.end() || now->second != *before.second.alias_of;
  });
  return answer_at(publish(), x.host);
}

/// Whether what is known of it now is in the table, and not what was remembered.
bool gateway_state::is_routed(const std::string& host) const {
  if (routes_.contains(host))
    return true;
  const auto alias = aliases_.find(host);
  return alias != aliases_.end() && routes_.contains(alias->second);
}

const std::vector<std::string>& gateway_state::aliases_of(const std::string& host) const {
  static const std::vector<std::string> none;
  const auto found = by_host_.find(host);
  return found == by_host_.end() ? none : found->second;
}

/// A login's mark has the host in it: each alias has marks of its own.
void gateway_state::mark_rules(const std::string& host, const boxed<sealed_rules>& x) {
  rules_.erase(host);
  if (x)
    rules_.emplace(host, marked(host, *x));
}

void gateway_state::forget_rules(const std::string& host) {
  rules_.erase(host);
  for (const auto& alias : aliases_of(host))
    rules_.erase(alias);
}

/// What is *shown* for the app's own *host*, or for an alias of it.
route_info gateway_state::info_of(const std::string& shown, const std::string& host,
                                  const route& x) const {
  route_info result{shown, x.service ? x.service->service : "", upstreams_of(host, x), x.title,
                    x.text};
  if (const auto found = rules_.find(shown); found != rules_.end())
    result.rules = found->second;
  result.maintenance = x.maintenance;
  result.tenant = x.tenant;
  if (const auto pace = paces_.find(x.tenant); pace != paces_.end())
    result.tenant_requests = pace->second;
  if (x.service)
    result.canary = share_of(host);
  return result;
}

} // namespace backendim
