#include "actors/accounts.hpp"

#include "actors/app.hpp"
#include "protocol/ulid.hpp"

#include <algorithm>
#include <utility>

namespace backendim {

namespace {

using events = std::vector<accounts_event>;

const member_info* find_member(const accounts_data& s, const std::string& tenant,
                               const std::string& user) {
  const auto found = s.tenants.find(tenant);
  if (found == s.tenants.end())
    return nullptr;
  const auto member = found->second.members.find(user);
  return member == found->second.members.end() ? nullptr : &member->second;
}

caf::error no_tenant(const std::string& tenant) {
  return caf::make_error(ec::not_found, "there is no tenant " + tenant);
}

caf::error no_member(const std::string& tenant, const std::string& user) {
  return caf::make_error(ec::not_found,
                         user + " is no member of " + tenant + "; backend-im members lists who is");
}

size_t owners_of(const known_tenant& x) {
  return static_cast<size_t>(std::ranges::count_if(
    x.members, [](const auto& each) { return each.second.role == role::owner; }));
}

caf::error check_name(const std::string& pointer, const std::string& name) {
  if (is_name(name))
    return {};
  return invalid_request({pointer,
                          "lower-case letters, digits and dashes, a letter first, at most 40",
                          "\"" + name + "\"", ""});
}

/// A token that is good for all that its owner may, whatever that will be.
token_issued whole_token(const std::string& tenant, const std::string& user, std::string id,
                         std::string hash, std::string who, caf::timestamp at) {
  return {{{user, tenant, permission::own}, std::move(id), std::move(hash)}, std::move(who), at};
}

constexpr std::string_view own = "admin"; // the whole id of what was made before it could change

/// Ids of other tokens are ULIDs.
bool is_own(const std::string& token_id) {
  return token_id == own || token_id.starts_with(std::string{own} + "-");
}

tenant_entry entry_of(const std::string& tenant, const known_tenant& x) {
  tenant_entry result;
  result.tenant = tenant;
  for (const auto& [user, member] : x.members)
    if (member.role == role::owner)
      result.owners.push_back(user);
  result.members = static_cast<uint32_t>(x.members.size());
  if (x.created)
    result.created = *x.created;
  return result;
}

} // namespace

std::string own_token_id() {
  return std::string{own} + "-" + make_ulid();
}

bool is_tenant_name(const std::string& x) {
  return is_name(x) && x.find('-') == std::string::npos;
}

caf::expected<events> decide(const accounts_data& s, const create_token& x, const moment& m) {
  token_info wanted{x.owner, x.token_id, x.hash};
  const auto& [user, tenant, may] = x.owner;
  if (x.token_id.empty() || x.hash.empty() || user.empty())
    return caf::make_error(ec::invalid_request, "a token needs an owner, an id and a hash");
  if (auto found = s.tokens.find(x.token_id); found != s.tokens.end()) {
    if (found->second == wanted)
      return events{};
    return caf::make_error(ec::conflict, "token " + x.token_id + " exists");
  }
  token_issued token{std::move(wanted), x.meta.who, m.now};
  if (may == permission::operate)
    return events{std::move(token)};
  const auto* member = find_member(s, tenant, user);
  if (!member)
    return events{member_added{tenant, user, role_with(may), x.meta.who, m.now}, std::move(token)};
  if (permission_of(member->role) < may) // it would be worth less than it says
    return caf::make_error(ec::conflict, user + " is " + std::string{to_word(member->role)} + " of "
                                           + tenant + " and may not " + std::string{to_word(may)}
                                           + "; first: backend-im members " + "set " + user
                                           + " --role " + std::string{to_word(role_with(may))}
                                           + " --tenant " + tenant);
  return events{std::move(token)};
}

caf::expected<events> decide(const accounts_data& s, const create_tenant& x, const moment& m) {
  if (!is_tenant_name(x.tenant))
    return invalid_request({"/tenant", "lower-case letters and digits, a letter first, at most 40",
                            "\"" + x.tenant + "\"", ""});
  if (auto wrong = check_name("/owner", x.owner))
    return wrong;
  if (s.tenants.contains(x.tenant))
    return caf::make_error(ec::conflict, "there is a tenant " + x.tenant
                                           + "; who is in it: backend-im members --tenant "
                                           + x.tenant);
  return events{
    tenant_created{x.tenant, x.meta.who, m.now},
    member_added{x.tenant, x.owner, role::owner, x.meta.who, m.now},
    whole_token(x.tenant, x.owner, x.token_id, x.hash, x.meta.who, m.now),
  };
}

caf::expected<events> decide(const accounts_data& s, const add_member& x, const moment& m) {
  if (!s.tenants.contains(x.tenant))
    return no_tenant(x.tenant);
  if (auto wrong = check_name("/user", x.user))
    return wrong;
  const auto needs = x.role == role::owner ? permission::own : permission::administer;
  if (x.caller.may < needs)
    return lacks_permission(x.caller, needs);
  if (const auto* there = find_member(s, x.tenant, x.user))
    return caf::make_error(ec::conflict, x.user + " is " + std::string{to_word(there->role)}
                                           + " of " + x.tenant
                                           + " already; another role: backend-im members set "
                                           + x.user + " --role " + std::string{to_word(x.role)});
  return events{
    member_added{x.tenant, x.user, x.role, x.meta.who, m.now},
    whole_token(x.tenant, x.user, x.token_id, x.hash, x.meta.who, m.now),
  };
}

caf::expected<events> decide(const accounts_data& s, const change_member& x, const moment& m) {
  if (!s.tenants.contains(x.tenant))
    return no_tenant(x.tenant);
  const auto* member = find_member(s, x.tenant, x.user);
  if (!member)
    return no_member(x.tenant, x.user);
  const bool of_owners = member->role == role::owner || (x.role && *x.role == role::owner);
  const auto needs = of_owners ? permission::own : permission::administer;
  if (x.caller.may < needs)
    return lacks_permission(x.caller, needs);
  if (x.role && *x.role == member->role)
    return events{};
  if (member->role == role::owner && owners_of(s.tenants.at(x.tenant)) == 1)
    return caf::make_error(ec::conflict, x.user + " is the only owner of " + x.tenant
                                           + "; name another one first: backend-im members set "
                                           + "USER --role owner");
  if (!x.role)
    return events{member_removed{x.tenant, x.user, x.meta.who, m.now}};
  return events{member_changed{x.tenant, x.user, *x.role, x.meta.who, m.now}};
}

caf::expected<events> decide(const accounts_data& s, const revoke_token& x, const moment& m) {
  if (!s.tokens.contains(x.token_id))
    return caf::make_error(ec::not_found, "there is no token " + x.token_id
                                            + "; backend-im admin tokens lists all");
  if (is_own(x.token_id))
    return caf::make_error(ec::conflict,
                           x.token_id
                             + " is the platform's own token; to replace it remove "
                               "admin.token from the state folder and restart backendimd");
  return events{token_revoked{x.token_id, x.meta.who, m.now}};
}

caf::expected<events> decide(const accounts_data& s, const keep_own_token& x, const moment& m) {
  events result;
  if (!s.tokens.contains(x.token_id))
    result.push_back(token_issued{{x.owner, x.token_id, x.hash}, x.meta.who, m.now});
  for (const auto& [id, token] : s.tokens)
    if (is_own(id) && id != x.token_id)
      result.push_back(token_revoked{id, x.meta.who, m.now});
  return result;
}

void apply(accounts_data& s, const token_created& x) {
  auto token = x.token;
  const auto& [user, tenant, may] = x.token.owner;
  auto& members = s.tenants[tenant].members;
  if (may == permission::deploy) // it was all that could be done in a tenant
    token.owner.may = permission::manage;
  if (may != permission::operate) {
    const auto least = role_with(token.owner.may);
    auto [member, fresh] = members.try_emplace(user, member_info{user, least, "", x.at});
    if (!fresh)
      member->second.role = std::max(member->second.role, least);
  }
  s.tokens.insert_or_assign(token.token_id, token);
}

void apply(accounts_data& s, const token_issued& x) {
  s.tenants[x.token.owner.tenant];
  s.tokens.insert_or_assign(x.token.token_id, x.token);
}

void apply(accounts_data& s, const tenant_created& x) {
  s.tenants[x.tenant].created = x.at;
}

void apply(accounts_data& s, const member_added& x) {
  s.tenants[x.tenant].members.insert_or_assign(x.user, member_info{x.user, x.role, x.who, x.at});
}

void apply(accounts_data& s, const member_changed& x) {
  s.tenants[x.tenant].members.insert_or_assign(x.user, member_info{x.user, x.role, x.who, x.at});
}

/// The tokens go too: whoever is added again under this name begins with a new one.
void apply(accounts_data& s, const member_removed& x) {
  s.tenants[x.tenant].members.erase(x.user);
  std::erase_if(s.tokens, [&](const auto& each) {
    const auto& owner = each.second.owner;
    return owner.tenant == x.tenant && owner.user == x.user && owner.may != permission::operate;
  });
}

void apply(accounts_data& s, const token_revoked& x) {
  s.tokens.erase(x.token_id);
}

caf::expected<token_info> answer(const accounts_data& s, const create_token& x) {
  return answer(s, get_token{x.token_id});
}

caf::expected<token_info> answer(const accounts_data& s, const get_token& x) {
  if (auto found = s.tokens.find(x.token_id); found != s.tokens.end())
    return found->second;
  return caf::make_error(ec::not_found, "token");
}

caf::expected<principal> answer(const accounts_data& s, const get_access& x) {
  if (!x.token_id.empty() && !s.tokens.contains(x.token_id))
    return caf::make_error(ec::not_found, "token");
  auto result = x.issued;
  if (result.may == permission::operate)
    return result;
  const auto* member = find_member(s, result.tenant, result.user);
  if (!member)
    return no_member(result.tenant, result.user);
  result.may = std::min(result.may, permission_of(member->role));
  return result;
}

caf::expected<tenant_list> answer(const accounts_data& s, const get_tenants&) {
  tenant_list result;
  for (const auto& [name, x] : s.tenants)
    result.items.push_back(entry_of(name, x));
  return result;
}

caf::expected<tenant_entry> answer(const accounts_data& s, const create_tenant& x) {
  return entry_of(x.tenant, s.tenants.at(x.tenant));
}

caf::expected<member_info> answer(const accounts_data& s, const add_member& x) {
  if (const auto* found = find_member(s, x.tenant, x.user))
    return *found;
  return no_member(x.tenant, x.user);
}

caf::expected<member_list> answer(const accounts_data& s, const change_member& x) {
  return answer(s, list_members{x.tenant});
}

caf::expected<member_list> answer(const accounts_data& s, const list_members& x) {
  const auto found = s.tenants.find(x.tenant);
  if (found == s.tenants.end())
    return no_tenant(x.tenant);
  member_list result{x.tenant, {}};
  for (const auto& [user, member] : found->second.members)
    result.items.push_back(member);
  return result;
}

caf::expected<token_list> answer(const accounts_data& s, const get_tokens&) {
  token_list result;
  for (const auto& [id, token] : s.tokens)
    result.items.push_back({id, token.owner.user, token.owner.tenant, token.owner.may});
  return result;
}

caf::expected<token_list> answer(const accounts_data& s, const revoke_token&) {
  return answer(s, get_tokens{});
}

caf::expected<token_info> answer(const accounts_data& s, const keep_own_token& x) {
  return answer(s, get_token{x.token_id});
}

bool has_ended(const accounts_data&) {
  return false;
}

accounts_body::interface::behavior_type
accounts(accounts_body::interface::stateful_pointer<accounts_body> self, durable_config config,
         journal_actor journal) {
  self->state.start(config, {"accounts", std::move(journal)}, accounts_data{});
  return {
    [self](create_token& x) { return self->state.handle(std::move(x)); },
    [self](get_token& x) { return self->state.handle(std::move(x)); },
    [self](get_changes x) { return self->state.handle(x); },
    [self](get_access& x) { return self->state.handle(std::move(x)); },
    [self](const get_tenants& x) { return self->state.handle(x); },
    [self](create_tenant& x) { return self->state.handle(std::move(x)); },
    [self](add_member& x) { return self->state.handle(std::move(x)); },
    [self](change_member& x) { return self->state.handle(std::move(x)); },
    [self](list_members& x) { return self->state.handle(std::move(x)); },
    [self](const get_tokens& x) { return self->state.handle(x); },
    [self](revoke_token& x) { return self->state.handle(std::move(x)); },
    [self](keep_own_token& x) { return self->state.handle(std::move(x)); },
    [self](durable_tick) { self->state.tick(); },
  };
}

} // namespace backendim

BACKENDIM_KEPT_EVENTS(, backendim::accounts_event);
BACKENDIM_KEPT_STATE(, backendim::accounts_entity);
