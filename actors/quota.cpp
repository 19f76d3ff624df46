#include "actors/quota.hpp"

#include "protocol/paths.hpp"
#include "protocol/types.hpp"

#include <algorithm>
#include <utility>

namespace backendim {

namespace {

using events = std::vector<quota_event>;

bool is_there(const kept_room& x, caf::timestamp now) {
  return !x.claimed || *x.claimed + room_kept_for > now;
}

struct use_of_others {
  uint64_t apps = 0;
  uint64_t tasks = 0;
};

use_of_others others_than(const quota_data& s, const std::string& app, caf::timestamp now) {
  use_of_others result;
  for (const auto& [name, x] : s.apps)
    if (name != app && is_there(x, now)) {
      ++result.apps;
      result.tasks += x.tasks;
    }
  return result;
}

std::string cores(uint64_t millis) {
  auto result = std::to_string(millis / 1'000);
  if (const auto rest = millis % 1'000) {
    auto digits = std::to_string(1'000 + rest).substr(1);
    digits.resize(digits.find_last_not_of('0') + 1);
    result += "." + digits;
  }
  return result + (result == "1" ? " core" : " cores");
}

std::string mebibytes(uint64_t bytes) {
  return std::to_string(bytes >> 20) + " MiB";
}

caf::error refuse(quota_kind which, uint64_t used, uint64_t limit, std::string detail,
                  std::string next) {
  return caf::make_error(ec::quota_exceeded,
                         quota_refusal{which, used, limit, std::move(detail), std::move(next)});
}

const char* const less
  = "Scale apps down or stop some (backend-im quota shows what each takes), or "
    "ask the platform's operator for more: backend-im admin quota ";

} // namespace

caf::expected<events> decide(const quota_data& s, const set_quota& x, const moment& m) {
  if (x.limits.requests_per_second && *x.limits.requests_per_second == 0)
    return invalid_request({"/limits/requests_per_second",
                            "1 at the least, or nothing for any number; backend-im stop APP takes "
                            "an app off the net",
                            "0", ""});
  if (x.limits == s.limits)
    return events{};
  return events{quota_set{x.limits, x.meta.who, m.now}};
}

caf::expected<events> decide(const quota_data& s, const claim_tasks& x, const moment& m) {
  const auto found = s.apps.find(x.app);
  const bool there = found != s.apps.end() && is_there(found->second, m.now);
  const auto had = there ? found->second.tasks : 0;
  const auto wanted = std::max(had, x.tasks);
  const auto others = others_than(s, x.app, m.now);
  const auto& limits = s.limits;
  if (!there && limits.apps && others.apps + 1 > *limits.apps)
    return refuse(
      quota_kind::apps, others.apps, *limits.apps,
      s.tenant + " has " + std::to_string(others.apps) + " apps and may have "
        + std::to_string(*limits.apps) + "; " + x.app + " would be one more.",
      "Destroy one that is not needed (backend-im apps), or ask the platform's operator "
      "for more: backend-im admin quota "
        + s.tenant + " --apps " + std::to_string(others.apps + 1));
  if (wanted > had) {
    const auto used = others.tasks + had, total = others.tasks + wanted;
    const auto tasks = std::to_string(wanted) + (wanted == 1 ? " task of " : " tasks of ") + x.app;
    if (limits.cpu_millis && total * task_cpu_millis > *limits.cpu_millis)
      return refuse(
        quota_kind::cpu, used * task_cpu_millis, *limits.cpu_millis,
        "With " + tasks + " " + s.tenant + " would have " + cores(total * task_cpu_millis)
          + "; it may have " + cores(*limits.cpu_millis) + " and has "
          + cores(used * task_cpu_millis) + ".",
        less + s.tenant + " --cpu " + std::to_string((total * task_cpu_millis + 999) / 1'000));
    if (limits.memory_bytes && total * task_memory > *limits.memory_bytes)
      return refuse(
        quota_kind::memory, used * task_memory, *limits.memory_bytes,
        "With " + tasks + " " + s.tenant + " would have " + mebibytes(total * task_memory)
          + " of memory; it may have " + mebibytes(*limits.memory_bytes) + " and has "
          + mebibytes(used * task_memory) + ".",
        less + s.tenant + " --memory " + std::to_string((total * task_memory) >> 20) + "MiB");
  }
  if (there && wanted == had)
    return events{};
  return events{tasks_claimed{x.app, wanted, m.now}};
}

caf::expected<events> decide(const quota_data& s, const note_tasks& x, const moment&) {
  const auto found = s.apps.find(x.app);
  const bool there = found != s.apps.end();
  const auto had = there ? found->second.tasks : 0;
  const auto tasks = x.at_least ? std::max(had, x.tasks) : x.tasks;
  if (there && !found->second.claimed && tasks == had)
    return events{};
  return events{tasks_noted{x.app, tasks}};
}

/// What is only claimed is somebody else's: of an app that is being made anew.
caf::expected<events> decide(const quota_data& s, const forget_app& x, const moment&) {
  const auto found = s.apps.find(x.app);
  if (found == s.apps.end() || found->second.claimed)
    return events{};
  return events{app_forgotten{x.app}};
}

caf::expected<events> decide(const quota_data& s, const note_disk& x, const moment&) {
  if (s.disk_bytes && *s.disk_bytes >> 20 == x.bytes >> 20)
    return events{};
  return events{disk_noted{x.bytes}};
}

void apply(quota_data& s, const quota_set& x) {
  s.limits = x.limits;
}

void apply(quota_data& s, const tasks_claimed& x) {
  const auto [found, fresh] = s.apps.try_emplace(x.app);
  found->second.tasks = x.tasks;
  if (fresh || found->second.claimed)
    found->second.claimed = x.at;
}

void apply(quota_data& s, const tasks_noted& x) {
  s.apps.insert_or_assign(x.app, kept_room{x.tasks, std::nullopt});
}

void apply(quota_data& s, const app_forgotten& x) {
  s.apps.erase(x.app);
}

void apply(quota_data& s, const disk_noted& x) {
  s.disk_bytes = x.bytes;
}

caf::expected<quota_report> answer(const quota_data& s, const get_quota&) {
  quota_report result;
  result.tenant = s.tenant;
  result.limits = s.limits;
  if (s.disk_bytes)
    result.disk_bytes = *s.disk_bytes;
  for (const auto& [name, x] : s.apps) {
    if (x.claimed)
      continue; // it is not there yet
    result.items.push_back({name, x.tasks});
    ++result.apps;
    result.cpu_millis += x.tasks * task_cpu_millis;
    result.memory_bytes += x.tasks * task_memory;
  }
  return result;
}

bool has_ended(const quota_data&) {
  return false;
}

quota_driver::interface::behavior_type
quota_driver::make_behavior(durable_config config, journal_actor journal, build_queue_actor queue,
                            gateway_actor gateway, const std::string& tenant) {
  queue_ = std::move(queue);
  gateway_ = std::move(gateway);
  quota_data initial;
  initial.tenant = tenant;
  start(config, {quota_path(tenant).text, std::move(journal)}, std::move(initial),
        [this](const quota_data& s) { drive(s); });
  return {
    [this](const get_quota& x) { return handle(x); },
    [this](set_quota& x) { return handle(std::move(x)); },
    [this](claim_tasks& x) { return handle(std::move(x)); },
    [this](note_tasks& x) { return handle(std::move(x)); },
    [this](forget_app& x) { return handle(std::move(x)); },
    [this](note_disk& x) { return handle(std::move(x)); },
    [this](get_changes x) { return handle(x); },
    [this](durable_tick) { tick(); },
  };
}

/// Both ask when a tenant is new to them; what changes later they are told.
void quota_driver::drive(const quota_data& s) {
  if (build_limit now{s.tenant, s.limits.builds, s.limits.disk_bytes}; told_ != now) {
    self_->send(queue_, now);
    told_ = std::move(now);
  }
  if (request_limit now{s.tenant, s.limits.requests_per_second}; told_gateway_ != now) {
    self_->send(gateway_, now);
    told_gateway_ = std::move(now);
  }
}

quota_driver::interface::behavior_type
quota(quota_driver::interface::stateful_pointer<quota_driver> self, durable_config config,
      journal_actor journal, build_queue_actor queue, gateway_actor gateway,
      const std::string& tenant) {
  return self->state.make_behavior(config, std::move(journal), std::move(queue), std::move(gateway),
                                   tenant);
}

} // namespace backendim

BACKENDIM_KEPT_EVENTS(, backendim::quota_event);
BACKENDIM_KEPT_STATE(, backendim::quota_entity);
