#pragma once

#include "actors/deployment.hpp"
#include "actors/resolve.hpp"
#include "protocol/build.hpp"
#include "protocol/directory.hpp"
#include "protocol/gateway.hpp"
#include "protocol/rollout.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace backendim {

/// All attempts of a step together.
struct step_deadlines {
  static constexpr std::string_view summary
    = "How long the steps of a deployment may take, in milliseconds.";
  static constexpr field_doc docs[] = {
    {"queued", "A step of the build queue, its wait for a slot included."},
    {"fetching", "Unpacking or cloning the source, once it has a slot."},
    {"building", "Building the image, once it has a slot."},
    {"pushing", "Putting the image into the registry, once it has a slot."},
    {"releasing", "Making the service."},
    {"command", "The release command, besides."},
    {"verifying", "Until its tasks are ready and the route has switched, without a canary's time."},
    {"watching", "How long a release is watched after it went live."},
    {"missing", "How long a step waits for a part of the platform that does not answer."},
  };
  std::chrono::seconds queued{86'400};
  std::chrono::seconds fetching{300};
  std::chrono::seconds building{1'800};
  std::chrono::seconds pushing{600};
  std::chrono::seconds releasing{180};
  std::chrono::seconds command{600};
  std::chrono::seconds verifying{180};
  std::chrono::seconds watching{30};
  std::chrono::seconds missing{120};
};
BOOST_DESCRIBE_STRUCT(step_deadlines, (),
                      (queued, fetching, building, pushing, releasing, command, verifying, watching,
                       missing))

struct deployment_context {
  durable_config durable;
  step_deadlines deadlines;
  journal_actor journal;
  ingress_actor ingress;
  build_queue_actor build_queue;
};

/// The durable deployment with the step that is under way for its state, and only that.
class deployment_driver : public durable<deployment_entity> {
public:
  using durable::durable;

  interface::behavior_type make_behavior(deployment_context context, const std::string& tenant,
                                         const std::string& id);

private:
  using time_point = caf::actor_clock::time_point;

  caf::result<deployment_info> look(const get_deployment& x);

  void drive(const deployment_data& s);
  void start_step(const deployment_data& s, const step_run& x);
  template <class Reply, class Target, class Message, class Fill>
  void run(const step_run& x, const Target& target, Message message, Fill fill);
  void failed(const step_run& x, const caf::error& reason);
  template <class Command>
  void record(Command x, const step_run& of);
  void clean_up(const deployment_data& s);
  void tell_app(const deployment_data& s);
  std::chrono::seconds limit_of(const deployment_data& s, const step_run& x) const;
  release release_of(const deployment_data& s) const;
  await_release readiness(const deployment_data& s) const;
  std::string host() const;
  void find_rollout(const step_run& x);
  void end_rollout();
  void end_canary_split(const deployment_data& s);

  deployment_context context_;
  rollout_actor rollout_;
  bool fresh_ = true;
  std::optional<step_run> inherited_; ///< Begun by an actor before this one, ended with it.
  std::optional<step_run> under_way_;
  std::optional<std::pair<deployment_state, canary_stage>> timed_; ///< What the next three are of.
  time_point deadline_;                     ///< Of all its attempts together.
  std::optional<time_point> missing_until_; ///< When what is away ends the step.
  time_point not_before_;                   ///< When what was away is asked again.
  enum class closing { no, cleaning, clean, telling, told } closing_ = closing::no;
};

/// Gives ourselves a command. When the journal does not take it, the step runs once more: it is
/// idempotent.
template <class Command>
void deployment_driver::record(Command x, const step_run& of) {
  x.meta.request_id = std::string{type_name<Command>} + "-"
                      + boost::describe::enum_to_string(of.step, "?") + "-"
                      + std::to_string(of.attempt);
  self_->request(interface{self_}, answer_deadline, std::move(x))
    .then([](const deployment_info&) {},
          [this](const caf::error& reason) {
            spdlog::warn("deployment could not record a step stream={} why=\"{}\"", stream(),
                         render(to_domain_error(reason)));
            under_way_.reset();
            not_before_ = self_->clock().now() + std::chrono::seconds{1};
            tick_in(std::chrono::seconds{1});
          });
}

/// The actor at deployment/<tenant>/<id>, its stream.
deployment_driver::interface::behavior_type
deployment(deployment_driver::interface::stateful_pointer<deployment_driver> self,
           deployment_context context, const std::string& tenant, const std::string& id);

} // namespace backendim
