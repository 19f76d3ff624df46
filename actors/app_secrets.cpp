#include "actors/app_secrets.hpp"

#include "actors/app.hpp"
#include "protocol/secret_use.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace backendim {

namespace {

using events = std::vector<app_event>;

bool is_set(const app_state& s, const std::string& name) {
  const auto found = s.secrets.find(name);
  return found != s.secrets.end() && !found->second.sealed.empty();
}

sealed_secret next_version(const app_state& s, const new_secret& x) {
  const auto found = s.secrets.find(x.name);
  return {x.name, found == s.secrets.end() ? 1 : found->second.version + 1, x.sealed};
}

/// Every sealed text that *s* holds, to be changed or read.
template <class State, class F>
void for_each_seal(State& s, F f) {
  for (auto& [name, x] : s.secrets)
    if (!x.sealed.empty())
      f(name, x.version, x.sealed);
  const auto of_release = [&](auto& release) {
    for (auto& x : release.secrets)
      f(x.name, x.version, x.sealed);
  };
  if (s.live)
    of_release(*s.live);
  if (s.standby)
    of_release(*s.standby);
  for (auto& x : s.releases)
    of_release(x);
  for (auto& [id, x] : s.one_offs)
    for (auto& secret : x.what.secrets.items)
      f(secret.name, secret.version, secret.sealed);
}

/// Fails when the app would have more than it may.
caf::error too_much(const app_state& s, const secrets_changed& x) {
  auto after = s.secrets;
  for (const auto& name : x.unset)
    after.erase(name);
  for (const auto& item : x.set)
    after[item.name].sealed = item.sealed;
  size_t count = 0, bytes = 0;
  for (const auto& [name, kept] : after) {
    count += kept.sealed.empty() ? 0 : 1;
    bytes += kept.sealed.size();
  }
  if (count > max_secrets)
    return caf::make_error(ec::over_quota,
                           "an app has at most " + std::to_string(max_secrets) + " secrets");
  if (bytes > max_sealed_bytes)
    return caf::make_error(ec::over_quota, "the secrets of an app have at most "
                                             + std::to_string(max_sealed_bytes >> 10)
                                             + " KiB together, sealed");
  return {};
}

} // namespace

std::vector<sealed_secret> current_secrets(const std::map<std::string, kept_secret>& secrets) {
  std::vector<sealed_secret> result;
  for (const auto& [name, x] : secrets)
    if (!x.sealed.empty())
      result.push_back({name, x.version, x.sealed});
  return result;
}

std::vector<sealed_secret> with_others(std::vector<sealed_secret> first,
                                       const std::vector<sealed_secret>& others) {
  for (const auto& x : others)
    if (std::ranges::find(first, x.name, &sealed_secret::name) == first.end())
      first.push_back(x);
  return first;
}

caf::expected<events> decide(const app_state& s, const change_secrets& x, const moment& m) {
  if (x.meta.request_id.empty())
    return caf::make_error(ec::invalid_request, "request_id is empty");
  auto before = compare_request(s, x.meta.request_id, x.fingerprint);
  if (!before)
    return events{};
  if (before != ec::not_found)
    return before;
  secrets_changed change{{}, x.unset, x.meta.request_id, x.fingerprint, x.meta.who, m.now};
  std::set<std::string> named;
  const auto again = [&](const std::string& name) { return !named.insert(name).second; };
  for (const auto* list : {&x.set, &x.renew})
    for (const auto& item : *list) {
      if (!is_secret_name(item.name) || item.sealed.empty() || again(item.name))
        return caf::make_error(ec::invalid_request,
                               "a secret needs a name of letters, digits and _, once");
      if (list == &x.renew && !is_set(s, item.name))
        return caf::make_error(ec::not_found, "there is no secret " + item.name);
      change.set.push_back(next_version(s, item));
    }
  for (const auto& name : x.unset) {
    if (!is_secret_name(name) || again(name))
      return caf::make_error(ec::invalid_request, "what is unset has to be named once");
    if (!is_set(s, name))
      return caf::make_error(ec::not_found, "there is no secret " + name);
  }
  if (named.empty())
    return events{};
  if (auto why = too_much(s, change))
    return why;
  events result;
  if (!s.exists)
    result.emplace_back(app_created{s.tenant, s.app, s.url, m.now});
  result.emplace_back(std::move(change));
  return result;
}

caf::expected<events> decide(const app_state& s, const replace_seals& x, const moment&) {
  seals_replaced change;
  for_each_seal(s, [&](const std::string&, uint32_t, const std::string& sealed) {
    const auto found = std::ranges::find(x.items, sealed, &replaced_seal::was);
    if (found != x.items.end() && std::ranges::find(change.items, *found) == change.items.end())
      change.items.push_back(*found);
  });
  if (change.items.empty())
    return events{};
  return events{std::move(change)};
}

void apply(app_state& s, const secrets_changed& x) {
  for (const auto& item : x.set)
    s.secrets.insert_or_assign(item.name, kept_secret{item.version, item.sealed, x.who, x.at});
  for (const auto& name : x.unset)
    if (auto found = s.secrets.find(name); found != s.secrets.end())
      found->second.sealed.clear();
  keep_request(s, x.request_id, {x.fingerprint, "", 0, x.who, x.at});
}

void apply(app_state& s, const seals_replaced& x) {
  for_each_seal(s, [&](const std::string&, uint32_t, std::string& sealed) {
    if (const auto found = std::ranges::find(x.items, sealed, &replaced_seal::was);
        found != x.items.end())
      sealed = found->sealed;
  });
}

caf::expected<secret_list> answer(const app_state& s, const get_secrets&) {
  if (!s.exists)
    return caf::make_error(ec::not_found, "there is no app " + s.app);
  secret_list result;
  for (const auto& [name, x] : s.secrets) {
    if (x.sealed.empty())
      continue;
    secret_info info{name, x.version, 0, x.who, x.at};
    if (s.live)
      for (const auto& used : s.live->secrets)
        if (used.name == name)
          info.live = used.version;
    result.items.push_back(std::move(info));
  }
  return result;
}

caf::expected<secret_list> answer(const app_state& s, const change_secrets&) {
  return answer(s, get_secrets{});
}

caf::expected<secret_list> answer(const app_state& s, const replace_seals&) {
  return answer(s, get_secrets{});
}

caf::expected<sealed_secrets> answer(const app_state& s, const get_sealed_secrets&) {
  if (!s.exists)
    return caf::make_error(ec::not_found, "there is no app " + s.app);
  sealed_secrets result{s.tenant, s.app, {}};
  for_each_seal(s, [&](const std::string& name, uint32_t version, const std::string& sealed) {
    const sealed_secret x{name, version, sealed};
    if (std::ranges::find(result.items, x) == result.items.end())
      result.items.push_back(x);
  });
  return result;
}

} // namespace backendim
