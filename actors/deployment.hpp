#pragma once

#include "actors/durable.hpp"
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
};

using deployment_event
  = std::variant<deployment_created, step_began, source_fetched, image_pushed, deployment_ended>;

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
void apply(deployment_data& s, const deployment_created& x);
void apply(deployment_data& s, const step_began& x);
void apply(deployment_data& s, const source_fetched& x);
void apply(deployment_data& s, const image_pushed& x);
void apply(deployment_data& s, const deployment_ended& x);

caf::expected<deployment_info> answer(const deployment_data& s, const get_deployment& x);
template <class Command>
caf::expected<deployment_info> answer(const deployment_data& s, const Command&) {
  return answer(s, get_deployment{});
}
bool has_ended(const deployment_data& s);

/// The step that should be under way now; none while queued and at the end.
std::optional<deployment_state> next(const deployment_data& s);

struct deployment_entity {
  using interface = deployment_actor;
  using state = deployment_data;
  using event = deployment_event;
  static constexpr const char* name = "deployment";
};

} // namespace backendim
