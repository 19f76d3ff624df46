#include "actors/app.hpp"

#include "protocol/json.hpp"

#include <algorithm>
#include <utility>

namespace backendim {

namespace {

const deployment_accepted* made_by(const app_state& s, const std::string& request_id) {
  auto found = std::ranges::find(s.requests, request_id, &deployment_accepted::request_id);
  return found == s.requests.end() ? nullptr : &*found;
}

/// Two requests are the same when this is: a repeat must not change its mind.
std::string fingerprint(const start_deployment& x) {
  auto copy = x;
  copy.meta = {};
  return to_json_text(copy);
}

caf::error refuse(ec code, std::string why) {
  return caf::make_error(code, std::move(why));
}

} // namespace

std::string service_name(const std::string& tenant, const std::string& app, uint32_t release) {
  return tenant + "-" + app + "-v" + std::to_string(release);
}

bool is_name(const std::string& x) {
  const auto letter = [](char c) { return c >= 'a' && c <= 'z'; };
  return !x.empty() && x.size() <= 40 && letter(x.front()) && x.back() != '-'
         && std::ranges::all_of(
           x, [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '-'; });
}

caf::expected<std::vector<app_event>> decide(const app_state& s, const start_deployment& x,
                                             const moment& m) {
  if (x.meta.request_id.empty())
    return refuse(ec::invalid_request, "request_id is empty");
  if (const auto* before = made_by(s, x.meta.request_id)) {
    if (before->fingerprint != fingerprint(x))
      return refuse(ec::conflict, "the same request id was used with other content");
    return std::vector<app_event>{};
  }
  if (bool(x.source.blob) == bool(x.source.git))
    return caf::make_error(
      ec::invalid_request,
      decode_error{"/source", "either blob or git", x.source.blob ? "both" : "neither", ""});
  std::vector<app_event> events;
  if (!s.exists)
    events.emplace_back(app_created{s.tenant, s.app, s.url, m.now});
  events.emplace_back(deployment_accepted{m.fresh_id, s.last_number + 1, x.source,
                                          x.config ? *x.config : app_config{}, x.meta.request_id,
                                          fingerprint(x), x.meta.who, s.deploying.has_value()});
  return events;
}

caf::expected<std::vector<app_event>> decide(const app_state& s, const destroy_app& x,
                                             const moment& m) {
  if (!s.exists && !x.meta.request_id.empty() && s.destroyed_by == x.meta.request_id)
    return std::vector<app_event>{};
  if (!s.exists)
    return refuse(ec::not_found, "app " + s.app);
  return std::vector<app_event>{app_destroyed{x.meta.request_id, m.now}};
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
  s.open.emplace(x.id, x);
  s.requests.push_back(x);
  if (s.requests.size() > kept_requests)
    s.requests.erase(s.requests.begin());
  if (!x.queued) {
    s.deploying = x.id;
    return;
  }
  if (s.queued)
    s.superseded.emplace(*s.queued, x.id);
  s.queued = x.id;
}

void apply(app_state& s, const deployment_concluded& x) {
  const auto number = s.open.contains(x.id) ? s.open.at(x.id).release : 0;
  s.open.erase(x.id);
  s.superseded.erase(x.id);
  if (s.queued == x.id)
    s.queued.reset();
  if (s.deploying == x.id)
    s.deploying = std::exchange(s.queued, std::nullopt);
  if (x.made && s.exists) {
    if (s.live)
      s.retiring.insert(s.live->number);
    s.live = *x.made;
    s.last_failure.reset();
    s.releases.push_back(*x.made);
    if (s.releases.size() > kept_releases)
      s.releases.erase(s.releases.begin());
  } else if (number != 0) {
    s.retiring.insert(number); // whatever it started has to go
    if (x.error)
      s.last_failure = *x.error;
  }
}

void apply(app_state& s, const release_retired& x) {
  s.retiring.erase(x.number);
}

void apply(app_state& s, const app_destroyed& x) {
  s.exists = false;
  s.destroyed_by = x.request_id;
  if (s.live)
    s.retiring.insert(s.live->number);
  s.live.reset();
  s.releases.clear();
  s.queued.reset();
  s.deploying.reset();
  s.latest.reset();
}

caf::expected<deployment_info> answer(const app_state& s, const start_deployment& x) {
  const auto* made = made_by(s, x.meta.request_id);
  if (!made)
    return refuse(ec::internal, "no deployment of request " + x.meta.request_id);
  deployment_info result;
  result.id = made->id;
  result.tenant = s.tenant;
  result.app = s.app;
  result.release = made->release;
  result.url = s.url;
  result.who = made->who;
  result.created = caf::make_timestamp();
  return result;
}

caf::expected<app_removed> answer(const app_state& s, const destroy_app&) {
  return app_removed{s.tenant, s.app};
}

caf::expected<app_info> answer(const app_state& s, const conclude_deployment&) {
  return answer(s, get_app{});
}

caf::expected<app_info> answer(const app_state& s, const conclude_retirement&) {
  return answer(s, get_app{});
}

caf::expected<app_info> answer(const app_state& s, const get_app&) {
  if (!s.exists)
    return refuse(ec::not_found, "app " + s.app);
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
  copy(result.deploying, s.deploying);
  copy(result.queued, s.queued);
  copy(result.latest, s.latest);
  return result;
}

bool has_ended(const app_state& s) {
  return !s.exists && s.open.empty() && s.retiring.empty();
}

} // namespace backendim
