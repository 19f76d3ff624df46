#include "actors/deployment_driver.hpp"

#include "actors/release_tasks.hpp"
#include "protocol/secret_use.hpp"
#include "protocol/ulid.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace backendim {

using namespace std::chrono_literals;

namespace {

constexpr auto just_accepted = 60s;
constexpr auto birth_limit = 3s;
constexpr auto clean_deadline = 90s; // a build that runs ends within a second, others may wait
constexpr auto look_deadline = 2s;
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
deployment_driver::make_behavior(deployment_context context, const std::string& tenant,
                                 const std::string& id) {
  context_ = std::move(context);
  // The app that gave out the id tells this actor what to do a moment later, and whoever got it may
  // ask at once. An old id that has no events never will.
  const auto age = std::chrono::system_clock::now() - ulid_time(id);
  if (age < just_accepted && age > -just_accepted)
    context_.durable.birth_limit = birth_limit;
  start(context_.durable, {deployment_path(tenant, id).text, context_.journal, "deployment/" + id},
        deployment_data{}, [this](const deployment_data& s) { drive(s); });
  return {
    [this](const get_deployment& x) { return look(x); },
    [this](cancel_deployment& x) { return handle(std::move(x)); },
    [this](get_changes x) { return handle(x); },
    [this](create_deployment& x) { return handle(std::move(x)); },
    [this](begin_deployment& x) { return handle(std::move(x)); },
    [this](supersede_deployment& x) { return handle(std::move(x)); },
    [this](complete_step& x) { return handle(std::move(x)); },
    [this](retry_step& x) { return handle(std::move(x)); },
    [this](roll_back_deployment& x) { return handle(std::move(x)); },
    [this](promote_deployment& x) { return handle(std::move(x)); },
    [this](begin_canary& x) { return handle(std::move(x)); },
    [this](judge_canary& x) {
      missing_until_.reset(); // what was away is back, and a canary is long
      return handle(std::move(x));
    },
    [this](durable_tick) { tick(); },
  };
}

/// The queue knows best whether the step under way waits for a slot.
caf::result<deployment_info> deployment_driver::look(const get_deployment& x) {
  const auto step = under_way_;
  if (!step || step->step > deployment_state::pushing)
    return handle(x);
  auto promise = self_->make_response_promise<deployment_info>();
  const auto tell = [this, promise, step](const slot_wait& wait) {
    auto info = current().info;
    if (wait.position > 0 && under_way_ == step)
      info.waiting = wait;
    auto asked = promise;
    asked.deliver(std::move(info));
  };
  const get_slot_wait question{current().info.id};
  self_->request(context_.build_queue, look_deadline, question)
    .then(tell, [tell](const caf::error&) { tell(slot_wait{}); });
  return promise;
}

void deployment_driver::drive(const deployment_data& s) {
  const auto wanted = next(s);
  if (std::exchange(fresh_, false))
    inherited_ = wanted;
  if (wanted != under_way_) {
    const auto now = self_->clock().now();
    if (wanted && timed_ != std::pair{wanted->step, wanted->canary}) {
      timed_ = {wanted->step, wanted->canary};
      deadline_ = now + limit_of(s, *wanted);
      missing_until_.reset();
      not_before_ = now;
    }
    if (wanted && now < not_before_) {
      tick_in(not_before_ - now);
      return;
    }
    under_way_ = wanted;
    if (wanted && wanted == inherited_) // what came of it, nobody knows
      record(retry_step{wanted->step, wanted->attempt, caf::none, {}}, *wanted);
    else if (wanted)
      start_step(s, *wanted);
  }
  if (!is_final(s.info.state))
    return;
  end_rollout();
  stay_awake(closing_ != closing::told);
  if (closing_ == closing::no) {
    end_canary_split(s);
    clean_up(s);
  } else if (closing_ == closing::clean) {
    tell_app(s);
  }
}

/// Asks *target* for the step; its answer becomes a command to ourselves.
template <class Reply, class Target, class Message, class Fill>
void deployment_driver::run(const step_run& x, const Target& target, Message message, Fill fill) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - self_->clock().now());
  self_->request(target, std::max(left, 1ms), std::move(message))
    .then(
      [this, x, fill](Reply& reply) {
        complete_step outcome;
        outcome.step = x.step;
        fill(outcome, std::move(reply));
        record(std::move(outcome), x);
      },
      [this, x](const caf::error& reason) { failed(x, to_domain_error(reason)); });
}

/// What is away for a moment is waited for; everything else ends the step.
void deployment_driver::failed(const step_run& x, const caf::error& reason) {
  if (under_way_ != x)
    return;      // of a step that was cancelled
  end_rollout(); // it may still be at it
  auto why = described(failure_of(reason), x.step);
  const auto now = self_->clock().now();
  const auto pause = std::min<std::chrono::seconds>(1s * (1u << std::min(x.attempt - 1, 4u)), 15s);
  if (!missing_until_)
    missing_until_ = std::min(deadline_, now + context_.deadlines.missing);
  if (is_temporary(reason) && now + pause < *missing_until_) {
    not_before_ = now + pause;
    record(retry_step{x.step, x.attempt, std::move(why), {}}, x);
    return;
  }
  complete_step outcome;
  outcome.step = x.step;
  outcome.error = std::move(why);
  record(std::move(outcome), x);
}

std::chrono::seconds deployment_driver::limit_of(const deployment_data& s,
                                                 const step_run& x) const {
  const auto& limits = context_.deadlines;
  const auto wish = s.config.deploy ? *s.config.deploy : deploy_config{};
  if (x.canary == canary_stage::serving)
    if (const auto terms = canary_of(s)) // its time is over before, unless something is away
      return std::max(terms->duration, terms->promote_deadline) + answer_patience + limits.missing;
  switch (x.step) {
    case deployment_state::fetching:
    case deployment_state::building:
    case deployment_state::pushing: return limits.queued; // the queue limits what has a slot
    case deployment_state::releasing:
      return limits.releasing + (wish.release_command ? limits.command : 0s);
    default:
      return wish.healthy_deadline ? std::chrono::seconds{*wish.healthy_deadline}
                                   : limits.verifying;
  }
}

/// The release that *s* makes.
release deployment_driver::release_of(const deployment_data& s) const {
  release result;
  result.number = s.info.release;
  result.image = s.info.image ? *s.info.image : "";
  result.deployment = s.info.id;
  result.config = s.config;
  result.source = s.source;
  result.port = s.copied                                ? s.copied->port
                : s.info.plan && s.info.plan->port != 0 ? s.info.plan->port
                                                        : fallback_port;
  const auto wish = s.config.deploy ? *s.config.deploy : deploy_config{};
  const bool reverts = !wish.auto_revert || *wish.auto_revert;
  const auto given = wish.watch ? std::chrono::seconds{*wish.watch} : context_.deadlines.watching;
  result.watch = reverts ? given : 0s;
  result.who = s.info.who;
  result.at = caf::make_timestamp();
  result.secrets = used_secrets(s.config, s.secrets);
  return result;
}

void deployment_driver::start_step(const deployment_data& s, const step_run& x) {
  const auto& id = s.info.id;
  const auto& tenant = s.info.tenant;
  const sealed_secrets secrets{tenant, s.info.app, s.secrets};
  if (!rollout_ && x.step >= deployment_state::releasing) {
    find_rollout(x);
    return;
  }
  switch (x.step) {
    case deployment_state::fetching:
      run<source_fetched>(x, context_.build_queue,
                          fetch_source{id, tenant, s.source, s.config, secrets},
                          [](complete_step& done, source_fetched&& reply) {
                            done.plan = std::move(reply.plan);
                            done.config = std::move(reply.config);
                          });
      break;
    case deployment_state::building:
      run<image_built>(x, context_.build_queue,
                       build_image{id, tenant, s.info.plan ? *s.info.plan : build_plan{}, secrets},
                       [](complete_step&, image_built&&) {});
      break;
    case deployment_state::pushing:
      run<image_pushed>(
        x, context_.build_queue, push_image{id, tenant, s.info.app},
        [](complete_step& done, image_pushed&& reply) { done.image = std::move(reply.image); });
      break;
    case deployment_state::releasing: {
      const auto made = release_of(s);
      const auto tasks = s.replicas.value_or(replicas_of(made));
      release_image wish{tasks_of(tenant, s.info.app, made, tasks, host()),
                         command_of(tenant, s.info.app, made)};
      // Only now is it known how many tasks the release has.
      const claim_tasks room{s.info.app, tasks, {s.info.who, "claim-" + id}};
      ask_path<quota_report>(
        self_, context_.ingress, quota_path(tenant), room,
        [this, x, wish = std::move(wish)](const quota_report&) {
          if (under_way_ == x)
            run<release_running>(x, rollout_, wish, [](complete_step&, release_running&&) {});
        },
        [this, x](const caf::error& why) { failed(x, why); });
      break;
    }
    case deployment_state::verifying:
      run<route_set>(
        x, rollout_,
        verify_release{readiness(s), release_of(s), canary_of(s).has_value(), s.info.canary},
        [](complete_step&, route_set&&) {});
      break;
    default: break;
  }
}

std::string deployment_driver::host() const {
  const auto& url = current().info.url;
  const auto host = url.substr(url.find("//") + 2);
  return host.substr(0, host.find(':'));
}

await_release deployment_driver::readiness(const deployment_data& s) const {
  const auto made = release_of(s);
  return readiness_of(s.info.tenant, s.info.app, made, s.replicas.value_or(replicas_of(made)));
}

void deployment_driver::end_rollout() {
  if (const auto left = std::exchange(rollout_, nullptr))
    self_->send_exit(left, caf::exit_reason::user_shutdown);
}

void deployment_driver::find_rollout(const step_run& x) {
  const auto& info = current().info;
  self_
    ->request(context_.ingress, answer_deadline,
              resolve_path{rollout_path(info.tenant, info.id).text})
    .then(
      [this, x](caf::strong_actor_ptr& found) {
        if (under_way_ != x)
          return;
        rollout_ = caf::actor_cast<rollout_actor>(std::move(found));
        start_step(current(), x);
      },
      [this, x](const caf::error& why) { failed(x, to_domain_error(why)); });
}

/// The app, which retires the release, would end it too, but later.
void deployment_driver::end_canary_split(const deployment_data& s) {
  if (!s.info.canary || s.info.state == deployment_state::succeeded)
    return;
  const share_requests none{s.info.id, readiness(s), 0};
  ask_path<split_counted>(
    self_, context_.ingress, app_path(s.info.tenant, s.info.app), none, [](const split_counted&) {},
    [](const caf::error&) {});
}

/// The way back of fetching, building and pushing: ends what still runs and removes what it left.
/// What releasing and verifying began is the app's to retire, which alone writes its services.
/// The app learns of the end behind this, so a deployment that it knows to have ended left
/// nothing.
void deployment_driver::clean_up(const deployment_data& s) {
  closing_ = closing::cleaning;
  self_->request(context_.build_queue, clean_deadline, cancel_work{s.info.id, s.info.tenant})
    .then(
      [this](const work_cancelled&) {
        closing_ = closing::clean;
        tick_in(0s);
      },
      [this](const caf::error& reason) {
        spdlog::warn("deployment could not clean up stream={} why=\"{}\"", stream(),
                     render(to_domain_error(reason)));
        closing_ = closing::no;
        tick_in(1s);
      });
}

/// Tells the app how it went until the app has understood.
void deployment_driver::tell_app(const deployment_data& s) {
  closing_ = closing::telling;
  conclude_deployment message{
    s.info.id, s.info.state, caf::none, s.info.error, {s.info.who, "conclude-" + s.info.id}};
  if (s.info.state == deployment_state::succeeded)
    message.made = release_of(s);
  ask_path<app_info>(
    self_, context_.ingress, app_path(s.info.tenant, s.info.app), message,
    [this](const app_info&) {
      closing_ = closing::told;
      stay_awake(false);
    },
    [this](const caf::error& reason) {
      closing_ = reason == ec::not_found ? closing::told // the app was destroyed, and knows
                                         : closing::clean;
      if (closing_ == closing::clean)
        tick_in(1s);
      else
        stay_awake(false);
    });
}

deployment_driver::interface::behavior_type
deployment(deployment_driver::interface::stateful_pointer<deployment_driver> self,
           deployment_context context, const std::string& tenant, const std::string& id) {
  return self->state.make_behavior(std::move(context), tenant, id);
}

} // namespace backendim
