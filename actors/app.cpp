#include "actors/app.hpp"

#include "actors/release_tasks.hpp"
#include "protocol/config_problem.hpp"
#include "protocol/fingerprint.hpp"
#include "protocol/json.hpp"
#include "protocol/paths.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace backendim {

namespace {

/// Two requests are the same when this is: a repeat must not change its mind.
std::string fingerprint_of(const start_deployment& x) {
  auto copy = x;
  copy.meta = {};
  return fingerprint(to_json_text(copy));
}

/// Before there were fingerprints events held what they are of, with the environment in clear.
std::string as_fingerprint(const std::string& x) {
  return x.starts_with('{') ? fingerprint(x) : x;
}

caf::error refuse(ec code, std::string why) {
  return caf::make_error(code, std::move(why));
}

} // namespace

const kept_request* made_by(const app_state& s, const std::string& request_id) {
  auto found = s.requests.find(request_id);
  return found == s.requests.end() ? nullptr : &found->second;
}

caf::error compare_request(const app_state& s, const std::string& request_id,
                           const std::string& fingerprint) {
  const auto* before = made_by(s, request_id);
  if (!before)
    return refuse(ec::not_found, "a new request");
  if (before->fingerprint != fingerprint)
    return refuse(ec::conflict, "the same request id was used with other content");
  return {};
}

void keep_request(app_state& s, const std::string& request_id, kept_request x) {
  if (request_id.empty())
    return;
  std::erase_if(s.requests,
                [&](const auto& old) { return old.second.at + requests_kept_for < x.at; });
  if (s.requests.size() >= max_requests)
    s.requests.erase(
      std::ranges::min_element(s.requests, {}, [](const auto& old) { return old.second.at; }));
  s.requests.insert_or_assign(request_id, std::move(x));
}

caf::error check_source(const app_state& s, const source_ref& x) {
  const int given = bool(x.blob) + bool(x.git) + bool(x.release);
  if (given != 1)
    return caf::make_error(ec::invalid_request,
                           decode_error{"/source", "either blob, git or release",
                                        given == 0 ? "neither" : "more than one", ""});
  if (!x.release || find_release(s, *x.release))
    return {};
  std::string kept;
  for (const auto& one : s.releases)
    kept += (kept.empty() ? "v" : ", v") + std::to_string(one.number);
  return make_failure(ec::not_found,
                      {cause::release_missing,
                       s.app + " has no release v" + std::to_string(*x.release) + " to go back to.",
                       {kept.empty() ? "no release went live yet" : "kept are " + kept},
                       "Choose one that `backend-im releases` lists."});
}

std::vector<app_event> accept(const app_state& s, const start_deployment& x,
                              std::string fingerprint, const moment& m) {
  std::vector<app_event> events;
  if (!s.exists)
    events.emplace_back(app_created{s.tenant, s.app, s.url, m.now});
  events.emplace_back(deployment_accepted{
    m.fresh_id, s.last_number + 1, x.source, x.config ? *x.config : app_config{}, x.meta.request_id,
    std::move(fingerprint), x.meta.who, s.deploying.has_value(), false, m.now});
  return events;
}

caf::expected<std::vector<app_event>> decide(const app_state& s, const start_deployment& x,
                                             const moment& m) {
  if (x.meta.request_id.empty())
    return refuse(ec::invalid_request, "request_id is empty");
  if (auto before = compare_request(s, x.meta.request_id, fingerprint_of(x));
      before != ec::not_found)
    return before ? caf::expected<std::vector<app_event>>{std::move(before)}
                  : caf::expected<std::vector<app_event>>{std::vector<app_event>{}};
  if (auto wrong = check_source(s, x.source))
    return wrong;
  if (x.config)
    if (auto problem = problem_in(*x.config)) {
      problem->pointer.insert(0, "/config");
      return invalid_request(std::move(*problem));
    }
  return accept(s, x, fingerprint_of(x), m);
}

caf::expected<std::vector<app_event>> decide(const app_state& s, const destroy_app& x,
                                             const moment& m) {
  if (auto before = compare_request(s, x.meta.request_id, ""); before != ec::not_found)
    return before ? caf::expected<std::vector<app_event>>{std::move(before)}
                  : caf::expected<std::vector<app_event>>{std::vector<app_event>{}};
  if (!s.exists)
    return refuse(ec::not_found, "there is no app " + s.app);
  return std::vector<app_event>{app_destroyed{x.meta.request_id, m.now}};
}

caf::expected<std::vector<app_event>> decide(const app_state& s, const note_domains& x,
                                             const moment&) {
  if (!s.exists || s.domains == x.domains)
    return std::vector<app_event>{};
  return std::vector<app_event>{domains_noted{x.domains}};
}

/// An app that is about to be knows its host before: its first event has its URL.
caf::expected<std::vector<app_event>> decide(const app_state& s, const note_host& x,
                                             const moment&) {
  if (s.host == x.host && s.url == x.url)
    return std::vector<app_event>{};
  return std::vector<app_event>{host_noted{x.host, x.url}};
}

caf::error check_turn(const app_state& s, const std::string& id) {
  if (!s.exists)
    return refuse(ec::not_found, "there is no app " + s.app);
  if (s.deploying != id || !s.open.contains(id))
    return refuse(ec::conflict, "deployment " + id + " is not the one under way of " + s.app);
  return {};
}

caf::expected<std::vector<app_event>> decide(const app_state& s, const activate_release& x,
                                             const moment& m) {
  if (auto wrong = check_turn(s, x.deployment))
    return wrong;
  if (s.open.at(x.deployment).release != x.made.number)
    return refuse(ec::conflict, "deployment " + x.deployment + " makes another release");
  if (s.activated == x.deployment)
    return std::vector<app_event>{};
  return std::vector<app_event>{release_activated{x.deployment, x.made, m.now}};
}

caf::expected<std::vector<app_event>> decide(const app_state& s, const conclude_deployment& x,
                                             const moment&) {
  if (!s.open.contains(x.id))
    return std::vector<app_event>{}; // heard before
  return std::vector<app_event>{deployment_concluded{x.id, x.state, x.made, x.error}};
}

caf::expected<std::vector<app_event>> decide(const app_state& s, const conclude_retirement& x,
                                             const moment&) {
  if (!s.retiring.contains(x.number))
    return std::vector<app_event>{};
  return std::vector<app_event>{release_retired{x.number}};
}

void apply(app_state& s, const app_created& x) {
  s.exists = true;
  s.url = x.url;
  s.created = x.at;
  s.last_failure.reset();
}

void apply(app_state& s, const deployment_accepted& x) {
  s.last_number = x.release;
  s.latest = x.id;
  auto& open = s.open.emplace(x.id, x).first->second;
  open.fingerprint = as_fingerprint(x.fingerprint);
  keep_request(s, x.request_id, {open.fingerprint, x.id, x.release, x.who, x.at});
  if (!x.queued) {
    s.deploying = x.id;
    return;
  }
  if (s.queued)
    s.superseded.emplace(*s.queued, x.id);
  s.queued = x.id;
}

void apply(app_state& s, const release_activated& x) {
  if (s.standby)
    s.retiring.insert(s.standby->number);
  s.standby = std::exchange(s.live, x.made);
  s.activated = x.deployment;
  s.was_stopped = std::exchange(s.stopped, false);
}

namespace {

/// The release that the deployment *id* put on the route has proved itself enough to stay.
void settle(app_state& s, const std::string& id, const release& made) {
  if (s.activated != id) // of a release before, which said nothing of it
    apply(s, release_activated{id, made, {}});
  s.activated.reset();
  if (s.standby && (s.was_stopped || made.watch.count() == 0)) {
    s.retiring.insert(s.standby->number);
    s.standby.reset();
  }
  s.last_failure.reset();
  s.releases.push_back(*s.live);
  // The oldest goes, unless a deployment that waits is a copy of it.
  const auto unneeded = [&](const release& old) {
    return std::ranges::none_of(
      s.open, [&](const auto& open) { return open.second.source.release == old.number; });
  };
  if (s.releases.size() > kept_releases)
    if (auto oldest = std::ranges::find_if(s.releases, unneeded); oldest != s.releases.end())
      s.releases.erase(oldest);
}

/// Whatever a deployment started has to go; what served before serves again.
void take_back(app_state& s, const std::string& id, uint32_t number) {
  s.retiring.insert(number);
  if (s.activated != id)
    return;
  s.activated.reset();
  s.live = std::exchange(s.standby, std::nullopt);
  s.stopped = s.was_stopped;
}

} // namespace

void apply(app_state& s, const deployment_concluded& x) {
  const auto number = s.open.contains(x.id) ? s.open.at(x.id).release : 0;
  const bool doomed = s.doomed.erase(x.id) > 0;
  s.open.erase(x.id);
  s.superseded.erase(x.id);
  if (s.queued == x.id)
    s.queued.reset();
  if (s.deploying == x.id)
    s.deploying = std::exchange(s.queued, std::nullopt);
  if (x.made && s.exists && !doomed) {
    settle(s, x.id, *x.made);
  } else if (number != 0) {
    take_back(s, x.id, number);
    if (x.error && !doomed)
      s.last_failure = *x.error;
  }
}

void apply(app_state& s, const release_retired& x) {
  s.retiring.erase(x.number);
}

void apply(app_state& s, const app_destroyed& x) {
  s.exists = false;
  s.former_host = std::exchange(s.host, "");
  s.secrets.clear();
  keep_request(s, x.request_id, {"", "", 0, "", x.at});
  if (s.live)
    s.retiring.insert(s.live->number);
  if (s.standby)
    s.retiring.insert(s.standby->number);
  for (const auto& [id, open] : s.open)
    s.doomed.insert(id);
  s.activated.reset();
  s.live.reset();
  s.standby.reset();
  s.scaled.reset();
  s.stopped = false;
  s.maintenance.reset();
  s.releases.clear();
  s.queued.reset();
  s.deploying.reset();
  s.latest.reset();
  s.ended_one_offs.clear();
  s.domains.clear();
}

void apply(app_state& s, const host_noted& x) {
  s.host = x.host;
  s.url = x.url;
}

void apply(app_state& s, const domains_noted& x) {
  s.domains = x.domains;
}

caf::expected<deployment_info> deployment_of(const app_state& s, const std::string& request_id) {
  const auto* made = made_by(s, request_id);
  if (!made)
    return refuse(ec::internal, "no deployment of request " + request_id);
  deployment_info result;
  result.id = made->deployment;
  result.tenant = s.tenant;
  result.app = s.app;
  result.release = made->release;
  result.url = s.url;
  result.who = made->who;
  result.created = made->at;
  return result;
}

caf::expected<deployment_info> answer(const app_state& s, const start_deployment& x) {
  return deployment_of(s, x.meta.request_id);
}

caf::expected<app_removed> answer(const app_state& s, const destroy_app&) {
  return app_removed{s.tenant, s.app};
}

caf::expected<app_info> answer(const app_state& s, const get_app&) {
  if (!s.exists)
    return refuse(ec::not_found, "there is no app " + s.app);
  app_info result;
  result.tenant = s.tenant;
  result.app = s.app;
  result.url = s.url;
  result.created = s.created;
  const auto copy = [](auto& to, const auto& from) {
    if (from)
      to = *from;
  };
  copy(result.live, s.live);
  result.replicas = wanted_replicas(s);
  result.stopped = s.stopped;
  copy(result.maintenance, s.maintenance);
  if (result.live)
    for (auto& x : result.live->secrets)
      x.sealed.clear(); // readers need to know which, no more
  copy(result.deploying, s.deploying);
  copy(result.queued, s.queued);
  copy(result.latest, s.latest);
  if (!s.domains.empty())
    result.domains = s.domains;
  return result;
}

/// A deployment under way may have its service already, and one that retires may have it still.
caf::expected<differences> answer(const app_state& s, const compare_services& x) {
  differences result;
  const auto path = app_path(s.tenant, s.app).text;
  bool serves = false;
  for (const auto& found : x.found) {
    const auto name = service_name(s.tenant, s.app, found.release);
    const bool ours = found.name == name;
    const bool before = found.name == command_service(name);
    const auto under_way = [&](const auto& open) { return open.second.release == found.release; };
    if (ours && s.live && s.live->number == found.release) {
      serves = true;
      const auto wanted = wanted_replicas(s);
      if (found.replicas != wanted)
        result.items.push_back({drift::replicas, found.name, path, wanted, found.replicas});
    } else if ((ours && s.standby && s.standby->number == found.release)
               || runs_one_off(s, found.name)) {
      continue; // it goes when the live one has proved itself, or when its command has ended
    } else if (!(ours || before)
               || (!s.retiring.contains(found.release)
                   && std::ranges::none_of(s.open, under_way))) {
      result.items.push_back({drift::orphan, found.name, path, 0, found.replicas});
    }
  }
  if (s.live && !serves)
    result.items.push_back(
      {drift::missing, service_name(s.tenant, s.app, s.live->number), path, wanted_replicas(s), 0});
  return result;
}

/// A release that is being removed serves until its tasks are gone, but is never started again.
caf::expected<retained> answer(const app_state& s, const get_retained&) {
  retained result;
  const auto keep = [&](const release& x) {
    result.images.push_back(x.image);
    result.released.push_back(x.deployment);
  };
  if (s.live)
    keep(*s.live);
  if (s.standby)
    keep(*s.standby);
  std::ranges::for_each(s.releases, keep);
  for (const auto& [id, x] : s.one_offs) {
    result.images.push_back(x.what.image);
    result.released.push_back(id);
  }
  for (const auto& x : s.ended_one_offs)
    result.released.push_back(x.id);
  for (const auto& [id, x] : s.open) {
    result.deployments.push_back(id);
    if (x.source.blob)
      result.sources.push_back(*x.source.blob);
  }
  return result;
}

bool knows_request(const app_state& s, const std::string& request_id) {
  return made_by(s, request_id) != nullptr;
}

bool has_ended(const app_state& s) {
  return !s.exists && s.open.empty() && s.retiring.empty() && s.one_offs.empty();
}

} // namespace backendim

BACKENDIM_KEPT_EVENTS(, backendim::app_event);
BACKENDIM_KEPT_STATE(, backendim::app_entity);
