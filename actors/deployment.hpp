#pragma once

#include "actors/canary.hpp"
#include "actors/durable.hpp"
#include "protocol/canary.hpp"
#include "protocol/deployment.hpp"

#include <caf/expected.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace backendim {

/// What one deployment remembers.
struct deployment_data {
  deployment_info info; ///< The id is empty before the deployment was created.
  source_ref source;
  app_config config; ///< As asked for; with backend-im.yml's keys once the source was fetched.
  std::optional<release> copied; ///< Run once more; absent: one is built.
  std::optional<uint32_t> replicas;
  uint32_t restarts = 0;              ///< Of the platform, during the step under way.
  std::vector<sealed_secret> secrets; ///< All of the app, as they were when it was created.
};
BOOST_DESCRIBE_STRUCT(deployment_data, (),
                      (info, source, config, copied, replicas, restarts, secrets))

/// A step is given up after so many restarts of the platform: it may be their cause.
constexpr uint32_t max_restarts = 10;

/// What should be under way.
struct step_run {
  deployment_state step = deployment_state::queued;
  uint32_t attempt = 1;
  canary_stage canary = canary_stage::none;
  friend bool operator==(const step_run&, const step_run&) = default;
};

using deployment_event
  = std::variant<deployment_created, step_began, step_retried, source_fetched, image_pushed,
                 deployment_ended, canary_began, canary_sampled, canary_promoted>;

caf::expected<std::vector<deployment_event>> decide(const deployment_data& s,
                                                    const create_deployment& x, const moment& m);
caf::expected<std::vector<deployment_event>> decide(const deployment_data& s,
                                                    const begin_deployment& x, const moment& m);
caf::expected<std::vector<deployment_event>> decide(const deployment_data& s,
                                                    const cancel_deployment& x, const moment& m);
caf::expected<std::vector<deployment_event>> decide(const deployment_data& s,
                                                    const supersede_deployment& x, const moment& m);
caf::expected<std::vector<deployment_event>> decide(const deployment_data& s,
                                                    const complete_step& x, const moment& m);
caf::expected<std::vector<deployment_event>> decide(const deployment_data& s, const retry_step& x,
                                                    const moment& m);
caf::expected<std::vector<deployment_event>> decide(const deployment_data& s,
                                                    const roll_back_deployment& x, const moment& m);
caf::expected<std::vector<deployment_event>> decide(const deployment_data& s,
                                                    const promote_deployment& x, const moment& m);
caf::expected<std::vector<deployment_event>> decide(const deployment_data& s, const begin_canary& x,
                                                    const moment& m);
caf::expected<std::vector<deployment_event>> decide(const deployment_data& s, const judge_canary& x,
                                                    const moment& m);
void apply(deployment_data& s, const deployment_created& x);
void apply(deployment_data& s, const step_began& x);
void apply(deployment_data& s, const step_retried& x);
void apply(deployment_data& s, const source_fetched& x);
void apply(deployment_data& s, const image_pushed& x);
void apply(deployment_data& s, const deployment_ended& x);
void apply(deployment_data& s, const canary_began& x);
void apply(deployment_data& s, const canary_sampled& x);
void apply(deployment_data& s, const canary_promoted& x);

caf::expected<deployment_info> answer(const deployment_data& s, const get_deployment& x);
template <class Command>
caf::expected<deployment_info> answer(const deployment_data& s, const Command&) {
  return answer(s, get_deployment{});
}
bool has_ended(const deployment_data& s);
std::string stream_of(const deployment_data& s);

/// The step that should be under way now; none while queued and at the end.
std::optional<step_run> next(const deployment_data& s);

/// The terms on which the release of *s* is tried first; none: it is not. What served before is not
/// tried once more: going back must not wait.
std::optional<canary_terms> canary_of(const deployment_data& s);

canary_stage stage_of(const deployment_data& s);

/// Whether *reason* may go away by itself: a part of the platform did not answer.
bool is_temporary(const caf::error& reason);

struct deployment_entity {
  using interface = deployment_actor;
  using state = deployment_data;
  using event = deployment_event;
  static constexpr const char* name = "deployment";
  static constexpr uint32_t snapshot = 4;
};

} // namespace backendim

BACKENDIM_KEPT_EVENTS(extern, backendim::deployment_event);
BACKENDIM_KEPT_STATE(extern, backendim::deployment_entity);
