#include "actors/deployment.hpp"

#include "protocol/paths.hpp"
#include "protocol/secret_use.hpp"

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

/// The end of a step that failed: a release that got requests is taken back.
deployment_ended failed(const deployment_data& s, failure why, const moment& m) {
  auto result = end(s.info.canary ? deployment_state::rolled_back : deployment_state::failed, m);
  result.error = std::move(why);
  return result;
}

failure lacks_secret(const std::string& name) {
  return {cause::secret_missing,
          "The configuration names the secret " + name + ", which the app does not have.",
          {},
          "Set it, then deploy again: backend-im secret set " + name + "=-"};
}

step_record begun(deployment_state step, caf::timestamp at) {
  step_record result;
  result.step = step;
  result.began = at;
  return result;
}

} // namespace

std::optional<step_run> next(const deployment_data& s) {
  if (s.info.id.empty() || s.info.state == deployment_state::queued || is_final(s.info.state))
    return std::nullopt;
  return step_run{s.info.state, s.info.steps.back().attempts, stage_of(s)};
}

canary_stage stage_of(const deployment_data& s) {
  if (!s.info.canary || s.info.state != deployment_state::verifying)
    return canary_stage::none;
  return s.info.canary->promoted ? canary_stage::promoted : canary_stage::serving;
}

std::optional<canary_terms> canary_of(const deployment_data& s) {
  return s.copied ? std::nullopt : canary_of(s.config);
}

bool is_temporary(const caf::error& reason) {
  if (reason != ec::unavailable)
    return false;
  const auto code = failure_of(reason).code;
  return code != cause::registry_full && code != cause::disk_full;
}

bool has_ended(const deployment_data& s) {
  return is_final(s.info.state);
}

std::string stream_of(const deployment_data& s) {
  return deployment_path(s.info.tenant, s.info.id).text;
}

caf::expected<events> decide(const deployment_data& s, const create_deployment& x,
                             const moment& m) {
  if (!s.info.id.empty())
    return events{}; // the app repeats itself after a restart
  return events{deployment_created{x.id, x.tenant, x.app, x.release, x.source, x.config, x.url,
                                   x.copied, x.replicas, x.secrets, x.meta.who, m.now}};
}

caf::expected<events> decide(const deployment_data& s, const begin_deployment&, const moment& m) {
  if (s.info.state != deployment_state::queued)
    return events{};
  if (s.info.id.empty())
    return caf::make_error(ec::not_found, "deployment");
  const auto first = s.copied ? deployment_state::releasing : deployment_state::fetching;
  return events{step_began{first, m.now}};
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
  if (const auto now = next(s); !now || now->step != x.step)
    return events{}; // a late answer of a step that was cancelled
  if (x.error)
    return events{failed(s, *x.error, m)};
  if (stage_of(s) == canary_stage::serving)
    return events{}; // it is not done before it was promoted
  events result;
  if (x.step == deployment_state::fetching) {
    if (!x.plan || !x.config)
      return caf::make_error(ec::internal, "fetching ended without a plan");
    result.emplace_back(source_fetched{*x.plan, *x.config});
    if (const auto name = missing_secret(*x.config, s.secrets); !name.empty()) {
      result.emplace_back(failed(s, lacks_secret(name), m));
      return result;
    }
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

caf::expected<events> decide(const deployment_data& s, const retry_step& x, const moment& m) {
  if (const auto now = next(s); !now || now->step != x.step || now->attempt != x.attempt)
    return events{};
  if (!x.why && s.restarts == max_restarts)
    return events{failed(s,
                         {cause::internal,
                          "The platform was restarted " + std::to_string(max_restarts)
                            + " times in the middle of this step.",
                          {},
                          "Tell the platform's operator; its log says why it ended."},
                         m)};
  return events{step_retried{x.step, x.attempt + 1, x.why, m.now}};
}

caf::expected<events> decide(const deployment_data& s, const roll_back_deployment& x,
                             const moment& m) {
  if (s.info.id.empty())
    return caf::make_error(ec::not_found, "deployment");
  if (s.info.state == deployment_state::rolled_back)
    return events{};
  if (s.info.state != deployment_state::succeeded)
    return caf::make_error(ec::conflict, "deployment " + s.info.id + " did not go live");
  auto ended = end(deployment_state::rolled_back, m);
  ended.error = x.error;
  return events{std::move(ended)};
}

caf::expected<events> decide(const deployment_data& s, const promote_deployment& x,
                             const moment& m) {
  if (s.info.id.empty())
    return caf::make_error(ec::not_found, "deployment");
  if (s.info.canary && s.info.canary->promoted)
    return events{};
  if (stage_of(s) == canary_stage::serving)
    return events{canary_promoted{x.meta.who, m.now}};
  const std::string state = boost::describe::enum_to_string(s.info.state, "?");
  return caf::make_error(ec::conflict, "deployment " + s.info.id + " has no canary to promote: "
                                         + (is_final(s.info.state) ? "it is " : "it stands at ")
                                         + state);
}

caf::expected<events> decide(const deployment_data& s, const begin_canary& x, const moment& m) {
  if (s.info.state != deployment_state::verifying || s.info.canary)
    return events{};
  return events{canary_began{x.stable_release, m.now}};
}

caf::expected<events> decide(const deployment_data& s, const judge_canary& x, const moment& m) {
  if (stage_of(s) != canary_stage::serving)
    return events{}; // somebody promoted or cancelled it meanwhile
  events result{canary_sampled{x.observed, x.canary, x.stable, m.now}};
  if (x.error)
    result.emplace_back(failed(s, *x.error, m));
  else if (x.proven)
    result.emplace_back(canary_promoted{"", m.now});
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
  s.info.steps.push_back(begun(deployment_state::queued, x.at));
  s.source = x.source;
  s.config = x.config;
  s.secrets = x.secrets;
  if (x.replicas)
    s.replicas = *x.replicas;
  if (!x.copied)
    return;
  s.copied = *x.copied;
  s.config = merged(x.copied->config, x.config);
  s.info.image = x.copied->image;
}

void apply(deployment_data& s, const step_began& x) {
  s.info.state = x.step;
  if (!s.info.steps.empty())
    s.info.steps.back().ended = x.at;
  s.info.steps.push_back(begun(x.step, x.at));
  s.restarts = 0;
}

void apply(deployment_data& s, const step_retried& x) {
  if (s.info.steps.empty())
    return;
  auto& step = s.info.steps.back();
  step.attempts = x.attempt;
  step.why = x.why;
  if (!x.why)
    ++s.restarts;
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
  s.info.superseded_by = x.by;
  if (!s.info.steps.empty() && !s.info.steps.back().ended) // a rollback comes later
    s.info.steps.back().ended = x.at;
}

void apply(deployment_data& s, const canary_began& x) {
  const auto terms = canary_of(s).value_or(canary_terms{});
  canary_info fresh;
  fresh.weight = share_text(terms.weight);
  fresh.stable_release = x.stable_release;
  fresh.auto_promote = terms.auto_promote;
  fresh.began = x.at;
  s.info.canary = fresh;
}

void apply(deployment_data& s, const canary_sampled& x) {
  if (!s.info.canary)
    return;
  s.info.canary->observed = x.observed;
  s.info.canary->canary = x.canary;
  s.info.canary->stable = x.stable;
}

void apply(deployment_data& s, const canary_promoted& x) {
  if (!s.info.canary)
    return;
  s.info.canary->promoted = x.at;
  s.info.canary->promoted_by = x.who;
}

caf::expected<deployment_info> answer(const deployment_data& s, const get_deployment&) {
  if (s.info.id.empty())
    return caf::make_error(ec::not_found, "there is no such deployment");
  return s.info;
}

} // namespace backendim

BACKENDIM_KEPT_EVENTS(, backendim::deployment_event);
BACKENDIM_KEPT_STATE(, backendim::deployment_entity);
