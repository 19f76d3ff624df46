#pragma once

#include "protocol/directory.hpp"
#include "protocol/gateway.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <string>

namespace backendim {

/// Brings one release live: starts it beside the old one, waits until the gateway finds it ready,
/// then asks the app, which alone writes its route, to put it there. Both steps may be asked for
/// again.
class rollout_state {
public:
  static constexpr const char* name = "rollout";

  explicit rollout_state(rollout_actor::pointer self) : self_{self} {}

  rollout_actor::behavior_type make_behavior(engine_actor engine, gateway_actor gateway,
                                             ingress_actor ingress);

private:
  using started = caf::typed_response_promise<release_running>;

  void start(const run_release& x, started promise);
  void run_before(const release_image& x, started promise);
  void ended(const release_image& x, const task_ended& end, started promise);

  rollout_actor::pointer self_;
  engine_actor engine_;
  gateway_actor gateway_;
  ingress_actor ingress_;
};

rollout_actor::behavior_type rollout(rollout_actor::stateful_pointer<rollout_state> self,
                                     engine_actor engine, gateway_actor gateway,
                                     ingress_actor ingress);

} // namespace backendim
