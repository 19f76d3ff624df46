#include "actors/rollout.hpp"

#include "actors/diagnosis.hpp"
#include "actors/resolve.hpp"
#include "protocol/types.hpp"

#include <caf/typed_response_promise.hpp>

#include <chrono>
#include <utility>

namespace backendim {

using namespace std::chrono_literals;

namespace {
constexpr auto engine_deadline = 30s;
constexpr auto step_deadline = 4000s; // the deployment's own ends each step earlier
} // namespace

rollout_actor::behavior_type
rollout_state::make_behavior(engine_actor engine, gateway_actor gateway, ingress_actor ingress) {
  ingress_ = std::move(ingress);
  engine_ = std::move(engine);
  gateway_ = std::move(gateway);
  return {
    [this](const release_image& x) -> caf::result<release_running> {
      auto promise = self_->make_response_promise<release_running>();
      if (x.before)
        run_before(x, promise);
      else
        start(x.what, promise);
      return promise;
    },
    [this](const verify_release& x) -> caf::result<route_set> {
      auto promise = self_->make_response_promise<route_set>();
      const auto failed = [promise](const caf::error& reason) {
        auto asked = promise;
        asked.deliver(to_domain_error(reason));
      };
      self_->request(gateway_, step_deadline, x.what)
        .then(
          [this, x, promise, failed](const release_ready&) {
            const auto& app = x.what.secrets;
            ask_path<route_set>(
              self_, ingress_, app_path(app.tenant, app.app),
              activate_release{x.deployment, x.made, {x.made.who, "activate-" + x.deployment}},
              [promise](const route_set& done) {
                auto asked = promise;
                asked.deliver(done);
              },
              failed, step_deadline);
          },
          failed);
      return promise;
    },
  };
}

void rollout_state::start(const run_release& x, started promise) {
  self_->request(engine_, engine_deadline, x)
    .then(
      [promise](release_running& done) mutable { promise.deliver(std::move(done)); },
      [promise](const caf::error& reason) mutable { promise.deliver(to_domain_error(reason)); });
}

/// A command that ended before a restart of the platform is not run again while its service is
/// there; behind that it is, so it has to bear it.
void rollout_state::run_before(const release_image& x, started promise) {
  const auto failed
    = [promise](const caf::error& reason) mutable { promise.deliver(to_domain_error(reason)); };
  self_->request(engine_, engine_deadline, *x.before)
    .then(
      [this, x, promise, failed](const release_running&) {
        self_->request(gateway_, step_deadline, await_end{x.before->service, x.before->secrets})
          .then([this, x, promise, failed](const task_ended& end) { ended(x, end, promise); },
                failed);
      },
      failed);
}

void rollout_state::ended(const release_image& x, const task_ended& end, started promise) {
  caf::error why;
  if (end.what.exit_code != 0 || end.what.out_of_memory)
    why = make_failure(ec::build_failed, diagnose_command(end));
  self_->request(gateway_, engine_deadline, retire_release{x.before->service})
    .then(
      [this, x, promise, why](const release_removed&) mutable {
        if (why)
          promise.deliver(why);
        else
          start(x.what, promise);
      },
      [promise](const caf::error& reason) mutable { promise.deliver(to_domain_error(reason)); });
}

rollout_actor::behavior_type rollout(rollout_actor::stateful_pointer<rollout_state> self,
                                     engine_actor engine, gateway_actor gateway,
                                     ingress_actor ingress) {
  return self->state.make_behavior(std::move(engine), std::move(gateway), std::move(ingress));
}

} // namespace backendim
