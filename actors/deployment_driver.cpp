#include "actors/deployment_driver.hpp"

#include "actors/app.hpp"
#include "actors/resolve.hpp"
#include "actors/rollout.hpp"

#include <spdlog/spdlog.h>

#include <utility>

namespace backendim {

using namespace std::chrono_literals;

namespace {

constexpr uint16_t fallback_port = 8080; // of a Dockerfile that exposes none

/// What is missing in *failed*, told from where the step stood.
failure described(failure failed, deployment_state step) {
  if (failed.code == cause::deadline_passed)
    failed.message = std::string{"The step "} + boost::describe::enum_to_string(step, "?")
                     + " took longer than it may.";
  return failed;
}

} // namespace

deployment_driver::interface::behavior_type
deployment_driver::make_behavior(deployment_context context, const std::string& id) {
  context_ = std::move(context);
  start(context_.durable, {"deployment/" + id, context_.journal}, deployment_data{},
        [this](const deployment_data& s) { drive(s); });
  return {
    [this](get_deployment& x) { return handle(std::move(x)); },
    [this](cancel_deployment& x) { return handle(std::move(x)); },
    [this](get_changes x) { return handle(x); },
    [this](create_deployment& x) { return handle(std::move(x)); },
    [this](begin_deployment& x) { return handle(std::move(x)); },
    [this](supersede_deployment& x) { return handle(std::move(x)); },
    [this](complete_step& x) { return handle(std::move(x)); },
    [this](durable_tick) { tick(); },
  };
}

void deployment_driver::drive(const deployment_data& s) {
  const auto wanted = next(s);
  if (wanted != under_way_) {
    if (under_way_ && !wanted) // cancelled, superseded or failed
      self_->request(context_.build_queue, answer_deadline, cancel_work{s.info.id})
        .then([](const work_cancelled&) {}, [](const caf::error&) {});
    under_way_ = wanted;
    if (wanted)
      start_step(s, *wanted);
  }
  if (is_final(s.info.state)) {
    if (auto done = std::exchange(rollout_, nullptr))
      self_->send_exit(done, caf::exit_reason::user_shutdown);
    finish(s);
  }
}

/// Asks *target* for the step; its answer becomes a command to ourselves.
template <class Reply, class Target, class Message, class Fill>
void deployment_driver::run(deployment_state step, const Target& target,
                            std::chrono::seconds deadline, Message message, Fill fill) {
  self_->request(target, deadline, std::move(message))
    .then(
      [this, step, fill](Reply& reply) {
        complete_step outcome;
        outcome.step = step;
        fill(outcome, std::move(reply));
        complete(std::move(outcome));
      },
      [this, step](const caf::error& reason) {
        complete_step outcome;
        outcome.step = step;
        outcome.error = described(failure_of(reason), step);
        complete(std::move(outcome));
      });
}

void deployment_driver::complete(complete_step outcome) {
  outcome.meta.request_id
    = std::string{"step-"} + boost::describe::enum_to_string(outcome.step, "?");
  self_->request(interface{self_}, answer_deadline, outcome)
    .then([](const deployment_info&) {},
          [this](const caf::error& reason) {
            // The journal did not take it: run the step again, it is idempotent.
            spdlog::warn("deployment could not record a step stream={} why=\"{}\"", stream(),
                         render(to_domain_error(reason)));
            under_way_.reset();
            tick_in(1s);
          });
}

void deployment_driver::start_step(const deployment_data& s, deployment_state step) {
  const auto& id = s.info.id;
  const auto& tenant = s.info.tenant;
  const auto& limit = context_.deadlines;
  if (!rollout_ && step >= deployment_state::releasing) {
    rollout_ = self_->spawn(rollout, context_.engine, context_.gateway);
    self_->link_to(rollout_);
    self_->send(context_.ingress, actor_entry{"rollout/" + id, "rollout", "deployment/" + id},
                caf::actor_cast<caf::strong_actor_ptr>(rollout_));
  }
  switch (step) {
    case deployment_state::fetching:
      run<source_fetched>(step, context_.build_queue, limit.fetching,
                          fetch_source{id, tenant, s.source, s.config},
                          [](complete_step& x, source_fetched&& reply) {
                            x.plan = std::move(reply.plan);
                            x.config = std::move(reply.config);
                          });
      break;
    case deployment_state::building:
      run<image_built>(step, context_.build_queue, limit.building,
                       build_image{id, tenant, s.info.plan ? *s.info.plan : build_plan{}},
                       [](complete_step&, image_built&&) {});
      break;
    case deployment_state::pushing:
      run<image_pushed>(
        step, context_.build_queue, limit.pushing, push_image{id, tenant, s.info.app},
        [](complete_step& x, image_pushed&& reply) { x.image = std::move(reply.image); });
      break;
    case deployment_state::releasing:
      run<release_running>(step, rollout_, limit.releasing, release_image{release_of(s)},
                           [](complete_step&, release_running&&) {});
      break;
    case deployment_state::verifying: {
      auto host = s.info.url.substr(s.info.url.find("//") + 2);
      run<route_set>(step, rollout_, limit.verifying,
                     verify_release{readiness_of(s), host.substr(0, host.find(':'))},
                     [](complete_step&, route_set&&) {});
      break;
    }
    default: break;
  }
}

await_release deployment_driver::readiness_of(const deployment_data& s) const {
  const auto& config = s.config;
  const auto planned = s.info.plan ? s.info.plan->port : uint16_t{0};
  return {service_name(s.info.tenant, s.info.app, s.info.release),
          planned != 0 ? planned : fallback_port, config.health_check ? *config.health_check : "",
          config.scaling && config.scaling->min ? *config.scaling->min : 1};
}

run_release deployment_driver::release_of(const deployment_data& s) const {
  const auto ready = readiness_of(s);
  auto env = s.config.env ? *s.config.env : std::map<std::string, std::string>{};
  env["PORT"] = std::to_string(ready.port);
  return {
    ready.service,  s.info.tenant, s.info.app, s.info.release, s.info.image ? *s.info.image : "",
    std::move(env), ready.replicas};
}

/// Tells the app how it went until the app has understood.
void deployment_driver::finish(const deployment_data& s) {
  if (concluding_ || concluded_)
    return;
  concluding_ = true;
  conclude_deployment message{
    s.info.id, s.info.state, caf::none, s.info.error, {s.info.who, "conclude-" + s.info.id}};
  if (s.info.state == deployment_state::succeeded)
    message.made = release{s.info.release,
                           s.info.image ? *s.info.image : "",
                           s.info.id,
                           s.config,
                           readiness_of(s).port,
                           s.info.who,
                           caf::make_timestamp()};
  ask_path<app_actor, app_info>(
    self_, context_.ingress, "app/" + s.info.tenant + "/" + s.info.app, message,
    [this](const app_info&) { concluded_ = true; },
    [this](const caf::error& reason) {
      concluding_ = false;
      if (reason == ec::not_found)
        concluded_ = true; // the app was destroyed in between, and knows
      else
        tick_in(1s);
    });
}

deployment_driver::interface::behavior_type
deployment(deployment_driver::interface::stateful_pointer<deployment_driver> self,
           deployment_context context, const std::string& id) {
  return self->state.make_behavior(std::move(context), id);
}

} // namespace backendim
