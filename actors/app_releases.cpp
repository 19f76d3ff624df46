// What an app decides about the releases it has: which one serves, with how many tasks.

#include "actors/app.hpp"
#include "actors/release_tasks.hpp"
#include "protocol/fingerprint.hpp"
#include "protocol/json.hpp"

#include <algorithm>
#include <map>
#include <type_traits>
#include <utility>

namespace backendim {

namespace {

using events = std::vector<app_event>;

constexpr uint32_t max_replicas = 20;
constexpr size_t max_message = 1'000; // of a maintenance page

template <class Command>
std::string fingerprint_of(const Command& x) {
  auto copy = x;
  copy.meta = {};
  return fingerprint(std::string{type_name<Command>} + to_json_text(copy));
}

/// Deploys a release once more. *choose* says which, or why none.
template <class Command, class Choose>
caf::expected<events> deploy_again(const app_state& s, const Command& x, const moment& m,
                                   Choose choose) {
  auto fingerprint = fingerprint_of(x);
  auto before = compare_request(s, x.meta.request_id, fingerprint);
  if (!before)
    return events{};
  if (before != ec::not_found)
    return before;
  if (!s.exists)
    return caf::make_error(ec::not_found, "there is no app " + s.app);
  const caf::expected<uint32_t> number = choose();
  if (!number)
    return number.error();
  start_deployment wish;
  wish.source.release = *number;
  wish.meta = x.meta;
  if (auto wrong = check_source(s, wish.source))
    return wrong;
  auto result = accept(s, wish, std::move(fingerprint), m);
  std::get<deployment_accepted>(result.back()).fresh_secrets
    = std::is_same_v<Command, redeploy_app>;
  return result;
}

/// *event* unless it was asked for before, or there is no app.
template <class Command, class Event>
caf::expected<events> once(const app_state& s, const Command& x, Event event, const moment& m) {
  event.request_id = x.meta.request_id;
  event.fingerprint = fingerprint_of(x);
  event.who = x.meta.who;
  event.at = m.now;
  auto before = compare_request(s, event.request_id, event.fingerprint);
  if (!before)
    return events{};
  if (before != ec::not_found)
    return before;
  if (!s.exists)
    return caf::make_error(ec::not_found, "there is no app " + s.app);
  return events{std::move(event)};
}

template <class Event>
void remember(app_state& s, const Event& x) {
  keep_request(s, x.request_id, {x.fingerprint, "", 0, x.who, x.at});
}

/// Every plain value below *x*, by its pointer.
void flatten(const std::string& pointer, const boost::json::value& x,
             std::map<std::string, std::string>& to) {
  if (const auto* object = x.if_object())
    for (const auto& field : *object)
      flatten(child_pointer(pointer, field.key()), field.value(), to);
  else
    to[pointer] = boost::json::serialize(x);
}

std::map<std::string, std::string> settings_of(const release& x) {
  std::map<std::string, std::string> result;
  flatten("/config", to_json(x.config), result);
  flatten("/image", to_json(x.image), result);
  flatten("/port", to_json(x.port), result);
  for (const auto& secret : x.secrets)
    flatten(child_pointer("/secrets", secret.name), to_json(secret.version), result);
  return result;
}

/// Whether the live release *number* may still give way to the one before it.
bool is_watched(const app_state& s, uint32_t number) {
  return s.standby && s.live && s.live->number == number && !s.activated;
}

caf::error no_such_release(const app_state& s, uint32_t number) {
  return caf::make_error(ec::not_found, s.app + " keeps no release v" + std::to_string(number));
}

} // namespace

const release* find_release(const app_state& s, uint32_t number) {
  const auto found = std::ranges::find(s.releases, number, &release::number);
  return found == s.releases.end() ? nullptr : &*found;
}

uint32_t wanted_replicas(const app_state& s) {
  if (!s.live || s.stopped)
    return 0;
  return s.scaled.value_or(replicas_of(*s.live));
}

uint32_t tasks_after(const app_state& s, const start_deployment& x) {
  if (s.scaled)
    return *s.scaled;
  const bool says = x.config && x.config->scaling && x.config->scaling->min;
  return says ? *x.config->scaling->min : 1; // its backend-im.yml may ask for more: it asks again
}

uint32_t tasks_after(const app_state& s, const scale_app& x) {
  if (!s.live || s.stopped)
    return 0;
  return x.replicas ? *x.replicas : replicas_of(*s.live);
}

uint32_t tasks_after(const app_state& s, const start_app&) {
  return s.live ? s.scaled.value_or(replicas_of(*s.live)) : 0;
}

uint32_t tasks_after(const app_state& s, const change_secrets&) {
  return wanted_replicas(s);
}

caf::expected<events> decide(const app_state& s, const rollback_app& x, const moment& m) {
  return deploy_again(s, x, m, [&]() -> caf::expected<uint32_t> {
    if (x.to)
      return *x.to;
    const auto below = s.live ? s.live->number : s.last_number + 1;
    const release* best = nullptr;
    for (const auto& kept : s.releases)
      if (kept.number < below && !kept.reverted && (!best || best->number < kept.number))
        best = &kept;
    if (best)
      return best->number;
    return make_failure(ec::conflict, {cause::release_missing,
                                       "There is no release before the live one to go back to.",
                                       {},
                                       "`backend-im releases` lists those that are kept."});
  });
}

caf::expected<events> decide(const app_state& s, const redeploy_app& x, const moment& m) {
  return deploy_again(s, x, m, [&]() -> caf::expected<uint32_t> {
    if (s.live)
      return s.live->number;
    return caf::make_error(ec::conflict, s.app + " has no live release: deploy it first");
  });
}

caf::expected<events> decide(const app_state& s, const scale_app& x, const moment& m) {
  if (x.replicas && (*x.replicas < 1 || *x.replicas > max_replicas))
    return invalid_request({"/replicas", "a number from 1 to " + std::to_string(max_replicas),
                            std::to_string(*x.replicas), ""});
  app_scaled event;
  event.replicas = x.replicas;
  return once(s, x, std::move(event), m);
}

caf::expected<events> decide(const app_state& s, const stop_app& x, const moment& m) {
  return once(s, x, app_stopped{}, m);
}

caf::expected<events> decide(const app_state& s, const start_app& x, const moment& m) {
  return once(s, x, app_started{}, m);
}

caf::expected<events> decide(const app_state& s, const set_maintenance& x, const moment& m) {
  if (x.message && x.message->size() > max_message)
    return invalid_request({"/message", "at most " + std::to_string(max_message) + " bytes",
                            std::to_string(x.message->size()), ""});
  maintenance_changed event;
  event.on = x.on;
  if (x.on)
    event.message = x.message;
  return once(s, x, std::move(event), m);
}

caf::expected<events> decide(const app_state& s, const end_watch& x, const moment&) {
  if (!is_watched(s, x.number))
    return events{};
  return events{release_proven{x.number}};
}

caf::expected<events> decide(const app_state& s, const revert_release& x, const moment& m) {
  if (!is_watched(s, x.number))
    return events{};
  return events{release_reverted{x.number, x.error, m.now}};
}

void apply(app_state& s, const release_proven&) {
  if (s.standby)
    s.retiring.insert(s.standby->number);
  s.standby.reset();
}

void apply(app_state& s, const release_reverted& x) {
  s.retiring.insert(x.number);
  s.live = std::exchange(s.standby, std::nullopt);
  s.last_failure = x.error;
  for (auto& kept : s.releases)
    if (kept.number == x.number)
      kept.reverted = x.error;
}

void apply(app_state& s, const app_scaled& x) {
  s.scaled.reset();
  if (x.replicas)
    s.scaled = *x.replicas;
  remember(s, x);
}

/// Whoever stops the app does not wait for what is watched. Before a deployment has ended the one
/// before it may be needed again.
void apply(app_state& s, const app_stopped& x) {
  s.stopped = true;
  if (s.activated)
    s.was_stopped = true;
  else
    apply(s, release_proven{});
  remember(s, x);
}

void apply(app_state& s, const app_started& x) {
  s.stopped = s.was_stopped = false;
  remember(s, x);
}

void apply(app_state& s, const maintenance_changed& x) {
  s.maintenance.reset();
  if (x.on)
    s.maintenance = app_maintenance{x.message ? *x.message : "", x.who, x.at};
  remember(s, x);
}

caf::expected<deployment_info> answer(const app_state& s, const rollback_app& x) {
  return deployment_of(s, x.meta.request_id);
}

caf::expected<deployment_info> answer(const app_state& s, const redeploy_app& x) {
  return deployment_of(s, x.meta.request_id);
}

caf::expected<release_list> answer(const app_state& s, const get_releases&) {
  if (!s.exists)
    return caf::make_error(ec::not_found, "there is no app " + s.app);
  release_list result{s.tenant, s.app, s.releases, caf::none, caf::none};
  std::ranges::reverse(result.items);
  for (auto& x : result.items)
    for (auto& secret : x.secrets)
      secret.sealed.clear();
  if (s.live)
    result.live = s.live->number;
  if (s.standby)
    result.standby = s.standby->number;
  return result;
}

caf::expected<release_difference> answer(const app_state& s, const compare_releases& x) {
  const auto* from = find_release(s, x.from);
  const auto* to = find_release(s, x.to);
  if (!from || !to)
    return no_such_release(s, from ? x.to : x.from);
  release_difference result{s.tenant, s.app, x.from, x.to, {}};
  auto before = settings_of(*from);
  for (auto& [pointer, value] : settings_of(*to)) {
    auto old = before.extract(pointer);
    if (old.empty())
      result.items.push_back({pointer, caf::none, value});
    else if (old.mapped() != value)
      result.items.push_back({pointer, std::move(old.mapped()), value});
  }
  for (auto& [pointer, value] : before)
    result.items.push_back({pointer, std::move(value), caf::none});
  std::ranges::sort(result.items, {}, &changed_setting::pointer);
  return result;
}

} // namespace backendim
