#include "actors/rollout.hpp"

#include "actors/resolve.hpp"
#include "protocol/types.hpp"

#include <caf/typed_response_promise.hpp>

#include <chrono>
#include <utility>

namespace backendim {

using namespace std::chrono_literals;

namespace {
constexpr auto engine_deadline = 30s;
constexpr auto ready_deadline = 170s; // the deployment's own deadline for the step ends it earlier
} // namespace

rollout_actor::behavior_type rollout_state::make_behavior(engine_actor engine,
                                                          gateway_actor gateway) {
  engine_ = std::move(engine);
  gateway_ = std::move(gateway);
  return {
    [this](const release_image& x) -> caf::result<release_running> {
      auto promise = self_->make_response_promise<release_running>();
      self_->request(engine_, engine_deadline, x.what)
        .then([promise](release_running& done) mutable { promise.deliver(std::move(done)); },
              [promise](const caf::error& reason) mutable {
                promise.deliver(to_domain_error(reason));
              });
      return promise;
    },
    [this](const verify_release& x) -> caf::result<route_set> {
      auto promise = self_->make_response_promise<route_set>();
      const auto failed
        = [promise](const caf::error& reason) mutable { promise.deliver(to_domain_error(reason)); };
      self_->request(gateway_, ready_deadline, x.what)
        .then(
          [this, x, promise, failed](const release_ready&) mutable {
            const set_route live{x.host, x.what, x.what.service + " is starting",
                                 "Its tasks are not ready at the moment."};
            self_->request(gateway_, answer_deadline, live)
              .then([promise](route_set& done) mutable { promise.deliver(std::move(done)); },
                    failed);
          },
          failed);
      return promise;
    },
  };
}

rollout_actor::behavior_type rollout(rollout_actor::stateful_pointer<rollout_state> self,
                                     engine_actor engine, gateway_actor gateway) {
  return self->state.make_behavior(std::move(engine), std::move(gateway));
}

} // namespace backendim
