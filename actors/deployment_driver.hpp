#pragma once

#include "actors/deployment.hpp"
#include "protocol/build.hpp"
#include "protocol/directory.hpp"
#include "protocol/gateway.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace backendim {

/// How long each step may take before it has failed.
struct step_deadlines {
  std::chrono::seconds fetching{300};
  std::chrono::seconds building{1'800};
  std::chrono::seconds pushing{600};
  std::chrono::seconds releasing{60};
  std::chrono::seconds verifying{180};
};

struct deployment_context {
  durable_config durable;
  step_deadlines deadlines;
  journal_actor journal;
  ingress_actor ingress;
  build_queue_actor build_queue;
  gateway_actor gateway;
  engine_actor engine;
};

/// The durable deployment with the step that is under way for its state, and only that.
class deployment_driver : public durable<deployment_entity> {
public:
  using durable::durable;

  interface::behavior_type make_behavior(deployment_context context, const std::string& id);

private:
  void drive(const deployment_data& s);
  void start_step(const deployment_data& s, deployment_state step);
  template <class Reply, class Target, class Message, class Fill>
  void run(deployment_state step, const Target& target, std::chrono::seconds deadline,
           Message message, Fill fill);
  void complete(complete_step outcome);
  void finish(const deployment_data& s);
  run_release release_of(const deployment_data& s) const;
  await_release readiness_of(const deployment_data& s) const;

  deployment_context context_;
  rollout_actor rollout_;
  std::optional<deployment_state> under_way_;
  bool concluding_ = false;
  bool concluded_ = false;
};

/// The actor at deployment/<id>, its stream.
deployment_driver::interface::behavior_type
deployment(deployment_driver::interface::stateful_pointer<deployment_driver> self,
           deployment_context context, const std::string& id);

} // namespace backendim
