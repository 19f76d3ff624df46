// What the gateway does for releases that get a share of a host's requests.

#include "actors/gateway.hpp"

#include <utility>

namespace backendim {

/// Asked again and again while the split is wanted: so a gateway that was restarted has it, too.
caf::result<split_counted> gateway_state::split(split_route x) {
  const auto& service = x.service.service;
  if (retiring_.contains(service))
    return caf::make_error(ec::conflict, service + " is being retired");
  const auto served = routes_.find(x.host);
  if (served != routes_.end() && served->second.service
      && served->second.service->service == service)
    return caf::make_error(ec::conflict, service + " serves " + x.host + " alone");
  split_counted result;
  result.host = x.host;
  const auto count = context_.front->count_of(service);
  result.canary = count.canary;
  result.stable = count.stable;
  result.waiting = count.waiting;
  probe(x.service);
  auto& current = splits_[x.host];
  if (current != x) {
    current = std::move(x);
    publish();
  }
  return result;
}

/// Whether there was one.
bool gateway_state::forget_split(const std::string& host, const std::string& service) {
  bool known = false;
  if (const auto found = splits_.find(host);
      found != splits_.end() && found->second.service.service == service) {
    splits_.erase(found);
    known = true;
  }
  if (const auto before = remembered_.find(host); before != remembered_.end()
                                                  && before->second.canary
                                                  && before->second.canary->service == service) {
    before->second.canary = caf::none;
    known = true;
  }
  return known;
}

/// Of any host.
void gateway_state::forget_splits(const std::string& service) {
  std::erase_if(splits_, [&](const auto& x) { return x.second.service.service == service; });
  for (auto& [host, before] : remembered_)
    if (before.canary && before.canary->service == service)
      before.canary = caf::none;
}

/// What was told, else what was known before a restart and still fits.
caf::optional<route_share> gateway_state::share_of(const std::string& host) const {
  const route_share* before = nullptr;
  if (const auto found = remembered_.find(host); found != remembered_.end() && found->second.canary)
    before = &*found->second.canary;
  const auto told = splits_.find(host);
  if (told == splits_.end())
    return before ? caf::optional<route_share>{*before} : caf::none;
  const auto& x = told->second;
  const bool same = before && before->service == x.service.service;
  return route_share{
    x.service.service,
    ready_of(x.service.service, same ? before->upstreams : std::vector<std::string>{}), x.weight};
}

} // namespace backendim
