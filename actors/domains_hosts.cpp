// Which host of the platform is which app's own: the first that asks for one has it.

#include "actors/app_hosts.hpp"
#include "actors/domains.hpp"
#include "protocol/types.hpp"

#include <utility>

namespace backendim {

namespace {

using events = std::vector<domains_event>;

/// A domain that somebody has is not given away either: it was proved before the platform had a
/// name above it.
bool is_free(const domains_data& s, const std::string& host) {
  const auto known = s.domains.find(host);
  return !s.hosts.contains(host) && (known == s.domains.end() || !known->second.owner);
}

std::string free_host(const domains_data& s, const claim_host& x) {
  auto host = first_host(x.tenant, x.app, x.domain);
  for (uint32_t number = 0; !is_free(s, host); ++number)
    host = marked_label(x.tenant, x.app, number) + "." + x.domain;
  return host;
}

} // namespace

caf::expected<events> decide(const domains_data& s, const claim_host& x, const moment& m) {
  events result;
  if (const auto own = s.own_host.find(owner_key(x.tenant, x.app)); own != s.own_host.end()) {
    if (is_host_of(own->second, x.domain))
      return result;
    result.emplace_back(host_released{own->second, x.tenant, x.app, m.now});
  }
  result.emplace_back(host_claimed{free_host(s, x), x.tenant, x.app, m.now});
  return result;
}

void apply(domains_data& s, const host_claimed& x) {
  const auto key = owner_key(x.tenant, x.app);
  s.hosts[x.host] = key;
  s.own_host[key] = x.host;
}

void apply(domains_data& s, const host_released& x) {
  s.hosts.erase(x.host);
  s.own_host.erase(owner_key(x.tenant, x.app));
}

caf::expected<own_host> answer(const domains_data& s, const claim_host& x) {
  const auto own = s.own_host.find(owner_key(x.tenant, x.app));
  if (own == s.own_host.end())
    return caf::make_error(ec::internal, "no host of " + x.app);
  return own_host{own->second};
}

std::string host_of(const domains_data& s, const domains_policy& policy, const std::string& tenant,
                    const std::string& app) {
  const auto own = s.own_host.find(owner_key(tenant, app));
  return own == s.own_host.end() ? first_host(tenant, app, policy.platform) : own->second;
}

} // namespace backendim
