#include "actors/domains.hpp"

#include "protocol/domain_name.hpp"
#include "protocol/json.hpp"
#include "protocol/types.hpp"

#include <algorithm>
#include <utility>

namespace backendim {

namespace {

using events = std::vector<domains_event>;

const known_domain* find(const domains_data& s, const std::string& domain) {
  const auto found = s.domains.find(domain);
  return found == s.domains.end() ? nullptr : &found->second;
}

const domain_claim* find_claim(const domains_data& s, const std::string& domain,
                               const std::string& key) {
  const auto* known = find(s, domain);
  if (!known)
    return nullptr;
  const auto claim = known->claims.find(key);
  return claim == known->claims.end() ? nullptr : &claim->second;
}

std::string tenant_in(const std::string& key) {
  return key.substr(0, key.find('/'));
}

std::string app_in(const std::string& key) {
  return key.substr(key.find('/') + 1);
}

caf::error refuse(ec code, std::string why) {
  return caf::make_error(code, std::move(why));
}

caf::error not_wanted(const std::string& domain, const std::string& app) {
  return refuse(ec::not_found, app + " does not have the domain " + domain
                                 + "; backend-im domain list --app " + app + " shows those it has");
}

domain_list list_of(const domains_data& s, const std::string& tenant, const std::string& app) {
  domain_list result{tenant, app, {}};
  if (const auto found = s.names.find(owner_key(tenant, app)); found != s.names.end())
    for (const auto& domain : found->second)
      if (auto info = domain_of(s, domain, tenant, app))
        result.items.push_back(std::move(*info));
  return result;
}

} // namespace

std::string owner_key(const std::string& tenant, const std::string& app) {
  return tenant + "/" + app;
}

bool http_is_enough(const domains_data& s, const std::string& domain, const std::string& tenant) {
  const auto* known = find(s, domain);
  return !known
         || ((known->last_tenant.empty() || known->last_tenant == tenant)
             && std::ranges::all_of(
               known->claims, [&](const auto& claim) { return tenant_in(claim.first) == tenant; }));
}

caf::error taken(const domains_data& s, const std::string& domain, const std::string& tenant,
                 const std::string& app) {
  if (s.hosts.contains(domain))
    return refuse(ec::conflict, domain + " is a host of this platform");
  const auto* known = find(s, domain);
  if (!known || !known->owner || *known->owner == owner_key(tenant, app))
    return {};
  if (tenant_in(*known->owner) != tenant)
    return refuse(ec::conflict, domain
                                  + " belongs to somebody else on this platform. If it is yours, "
                                    "ask the platform's operator");
  const auto other = app_in(*known->owner);
  return refuse(ec::conflict, domain + " serves " + other
                                + "; to move it, first: backend-im domain remove " + domain
                                + " --app " + other);
}

caf::expected<domain_info> domain_of(const domains_data& s, const std::string& domain,
                                     const std::string& tenant, const std::string& app) {
  const auto key = owner_key(tenant, app);
  const auto* claim = find_claim(s, domain, key);
  if (!claim)
    return not_wanted(domain, app);
  const auto& known = s.domains.at(domain);
  domain_info result;
  result.domain = domain;
  result.app = app;
  result.record = std::string{domain_record_prefix} + domain;
  result.value = std::string{domain_record_value} + claim->token;
  result.http = http_is_enough(s, domain, tenant);
  result.who = claim->who;
  result.at = claim->at;
  if (known.owner == key) {
    result.state = domain_state::verified;
    result.proof = known.proof;
    result.verified = known.proven;
  }
  return result;
}

caf::expected<events> decide(const domains_data& s, const claim_domain& x, const moment& m) {
  const auto key = owner_key(x.tenant, x.app);
  if (auto why = taken(s, x.domain, x.tenant, x.app))
    return why;
  if (find_claim(s, x.domain, key))
    return events{}; // the token stays: its record may be on its way
  if (const auto has = s.names.find(key); has != s.names.end() && has->second.size() >= max_domains)
    return refuse(ec::conflict, x.app + " has " + std::to_string(max_domains)
                                  + " domains, and no app has more; remove one first");
  return events{domain_claimed{x.domain, x.tenant, x.app, x.since, x.token, x.meta.who, m.now}};
}

/// What was found belongs to a claim as it was then.
caf::expected<events> decide(const domains_data& s, const prove_domain& x, const moment& m) {
  const auto key = owner_key(x.tenant, x.app);
  const auto* claim = find_claim(s, x.domain, key);
  if (!claim || claim->token != x.token)
    return not_wanted(x.domain, x.app);
  if (auto why = taken(s, x.domain, x.tenant, x.app))
    return why;
  if (s.domains.at(x.domain).owner == key)
    return events{};
  if (x.proof == domain_proof::http && !http_is_enough(s, x.domain, x.tenant))
    return refuse(ec::conflict, "that " + x.domain + " leads here is no proof any more");
  return events{domain_proven{x.domain, x.tenant, x.app, x.proof, x.meta.who, m.now}};
}

caf::expected<events> decide(const domains_data& s, const release_domain& x, const moment& m) {
  if (!find_claim(s, x.domain, owner_key(x.tenant, x.app)))
    return not_wanted(x.domain, x.app);
  return events{domain_released{x.domain, x.tenant, x.app, x.meta.who, m.now}};
}

caf::expected<events> decide(const domains_data& s, const keep_domains& x, const moment& m) {
  events result;
  const auto key = owner_key(x.tenant, x.app);
  if (const auto has = s.names.find(key); has != s.names.end())
    for (const auto& domain : has->second)
      if (!x.since || s.domains.at(domain).claims.at(key).since != *x.since)
        result.emplace_back(domain_released{domain, x.tenant, x.app, x.meta.who, m.now});
  if (const auto own = s.own_host.find(key); !x.since && own != s.own_host.end())
    result.emplace_back(host_released{own->second, x.tenant, x.app, m.now});
  return result;
}

void apply(domains_data& s, const domain_claimed& x) {
  const auto key = owner_key(x.tenant, x.app);
  s.domains[x.domain].claims.insert_or_assign(key, domain_claim{x.since, x.token, x.who, x.at});
  s.names[key].insert(x.domain);
}

void apply(domains_data& s, const domain_proven& x) {
  auto& known = s.domains[x.domain];
  known.owner = owner_key(x.tenant, x.app);
  known.proof = x.proof;
  known.proven = x.at;
  known.last_tenant.clear();
}

void apply(domains_data& s, const domain_released& x) {
  const auto key = owner_key(x.tenant, x.app);
  auto& known = s.domains[x.domain];
  known.claims.erase(key);
  if (known.owner == key) {
    known.owner.reset();
    known.last_tenant = x.tenant; // its name may lead here for long
  }
  if (known.claims.empty() && known.last_tenant.empty())
    s.domains.erase(x.domain);
  auto& names = s.names[key];
  names.erase(x.domain);
  if (names.empty())
    s.names.erase(key);
}

caf::expected<domain_info> answer(const domains_data& s, const claim_domain& x) {
  return domain_of(s, x.domain, x.tenant, x.app);
}

caf::expected<domain_info> answer(const domains_data& s, const prove_domain& x) {
  return domain_of(s, x.domain, x.tenant, x.app);
}

caf::expected<domain_list> answer(const domains_data& s, const release_domain& x) {
  return list_of(s, x.tenant, x.app);
}

caf::expected<domain_list> answer(const domains_data& s, const keep_domains& x) {
  return list_of(s, x.tenant, x.app);
}

caf::expected<domain_list> answer(const domains_data& s, const list_domains& x) {
  return list_of(s, x.tenant, x.app);
}

caf::expected<all_domains> answer(const domains_data& s, const get_all_domains&) {
  all_domains result;
  for (const auto& [domain, known] : s.domains)
    for (const auto& [key, claim] : known.claims)
      result.items.push_back({domain, tenant_in(key), app_in(key),
                              known.owner == key ? domain_state::verified : domain_state::pending});
  return result;
}

caf::expected<std::string> allowed_domain(const domains_policy& policy, const std::string& text) {
  auto name = domain_name(text, "/domain");
  if (!name)
    return name;
  const auto refused = [&](const std::string& expected) {
    return invalid_request({"/domain", expected, "\"" + *name + "\"", ""});
  };
  if (is_within(*name, policy.platform))
    return refused("a domain that is not below " + policy.platform
                   + ", where every app has a host already");
  for (const auto& zone : policy.reserved)
    if (is_within(*name, zone))
      return refused("a domain that the platform does not keep for itself, as it does with "
                     + zone);
  return name;
}

bool http_says_something(const domains_policy& policy, const std::string& domain) {
  if (!policy.http)
    return false;
  const auto& own = policy.platform;
  const auto dot = own.find('.');
  const auto parent = dot == own.npos ? own : own.substr(dot + 1);
  return !is_within(domain, parent.find('.') == parent.npos ? own : parent);
}

void complete(domain_info& x, const domains_policy& policy, std::string host) {
  x.host = std::move(host);
  x.http = x.http && http_says_something(policy, x.domain);
}

bool has_ended(const domains_data&) {
  return false;
}

} // namespace backendim

BACKENDIM_KEPT_EVENTS(, backendim::domains_event);
BACKENDIM_KEPT_STATE(, backendim::domains_entity);
