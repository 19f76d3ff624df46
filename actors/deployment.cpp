#include "actors/deployment.hpp"

#include <utility>

namespace backendim {

namespace {

using events = std::vector<deployment_event>;

deployment_state after(deployment_state step) {
  return static_cast<deployment_state>(static_cast<uint8_t>(step) + 1);
}

deployment_ended end(deployment_state state, const moment& m) {
  return {state, caf::none, caf::none, m.now};
}

} // namespace

std::optional<deployment_state> next(const deployment_data& s) {
  if (s.info.id.empty() || s.info.state == deployment_state::queued || is_final(s.info.state))
    return std::nullopt;
  return s.info.state;
}

bool has_ended(const deployment_data& s) {
  return is_final(s.info.state);
}

caf::expected<events> decide(const deployment_data& s, const create_deployment& x,
                             const moment& m) {
  if (!s.info.id.empty())
    return events{}; // the app repeats itself after a restart
  return events{deployment_created{x.id, x.tenant, x.app, x.release, x.source, x.config, x.url,
                                   x.meta.who, m.now}};
}

caf::expected<events> decide(const deployment_data& s, const begin_deployment&, const moment& m) {
  if (s.info.state != deployment_state::queued)
    return events{};
  if (s.info.id.empty())
    return caf::make_error(ec::not_found, "deployment");
  return events{step_began{deployment_state::fetching, m.now}};
}

caf::expected<events> decide(const deployment_data& s, const cancel_deployment&, const moment& m) {
  if (s.info.id.empty())
    return caf::make_error(ec::not_found, "deployment");
  if (s.info.state == deployment_state::cancelled)
    return events{};
  if (is_final(s.info.state))
    return caf::make_error(ec::conflict, "deployment " + s.info.id + " has already ended");
  return events{end(deployment_state::cancelled, m)};
}

caf::expected<events> decide(const deployment_data& s, const supersede_deployment& x,
                             const moment& m) {
  if (s.info.id.empty())
    return caf::make_error(ec::not_found, "deployment");
  if (is_final(s.info.state))
    return events{};
  auto ended = end(deployment_state::superseded, m);
  ended.by = x.by;
  return events{std::move(ended)};
}

caf::expected<events> decide(const deployment_data& s, const complete_step& x, const moment& m) {
  if (next(s) != x.step)
    return events{}; // a late answer of a step that was cancelled
  if (x.error) {
    auto ended = end(deployment_state::failed, m);
    ended.error = x.error;
    return events{std::move(ended)};
  }
  events result;
  if (x.step == deployment_state::fetching) {
    if (!x.plan || !x.config)
      return caf::make_error(ec::internal, "fetching ended without a plan");
    result.emplace_back(source_fetched{*x.plan, *x.config});
  }
  if (x.step == deployment_state::pushing) {
    if (!x.image)
      return caf::make_error(ec::internal, "pushing ended without an image");
    result.emplace_back(image_pushed{*x.image});
  }
  const auto following = after(x.step);
  if (following == deployment_state::succeeded)
    result.emplace_back(end(following, m));
  else
    result.emplace_back(step_began{following, m.now});
  return result;
}

void apply(deployment_data& s, const deployment_created& x) {
  s.info.id = x.id;
  s.info.tenant = x.tenant;
  s.info.app = x.app;
  s.info.release = x.release;
  s.info.url = x.url;
  s.info.who = x.who;
  s.info.created = x.at;
  s.info.steps.push_back({deployment_state::queued, x.at, caf::none});
  s.source = x.source;
  s.config = x.config;
}

void apply(deployment_data& s, const step_began& x) {
  s.info.state = x.step;
  if (!s.info.steps.empty())
    s.info.steps.back().ended = x.at;
  s.info.steps.push_back({x.step, x.at, caf::none});
}

void apply(deployment_data& s, const source_fetched& x) {
  s.info.plan = x.plan;
  s.config = x.config;
}

void apply(deployment_data& s, const image_pushed& x) {
  s.info.image = x.image;
}

void apply(deployment_data& s, const deployment_ended& x) {
  s.info.state = x.state;
  s.info.error = x.error;
  if (!s.info.steps.empty())
    s.info.steps.back().ended = x.at;
}

caf::expected<deployment_info> answer(const deployment_data& s, const get_deployment&) {
  if (s.info.id.empty())
    return caf::make_error(ec::not_found, "no such deployment");
  return s.info;
}

} // namespace backendim
