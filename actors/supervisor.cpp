#include "actors/supervisor.hpp"

#include "protocol/error.hpp"
#include "protocol/types.hpp"

#include <caf/mailbox_element.hpp>
#include <caf/message_view.hpp>

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace backendim {

std::chrono::milliseconds restart_delay(const restart_policy& policy, uint32_t failures) {
  if (failures > policy.max_failures)
    return policy.slow_delay;
  const auto doublings = std::min(failures, 20u) - std::min(failures, 1u);
  return std::min(policy.first_delay * (1u << doublings), policy.slow_delay);
}

caf::behavior supervisor_state::make_behavior(supervision what) {
  what_ = std::move(what);
  self_->set_down_handler([this](const caf::down_msg& x) { ended(x); });
  self_->set_exit_handler([this](const caf::exit_msg& x) {
    stopping_ = x.reason;
    if (!worker_)
      self_->quit(x.reason);
    else // it may still have to be told things that it waits for
      self_->send_exit(worker_, x.reason);
  });
  self_->set_default_handler(
    [this](caf::scheduled_actor*, caf::message_view& x) { return pass_on(x); });
  start();
  return {
    [this](begin_tick) { start(); },
    [this](healthy_tick x) { healthy(x.restarts); },
  };
}

void supervisor_state::start() {
  worker_ = what_.start(restarts_);
  self_->monitor(caf::actor_cast<caf::actor_addr>(worker_));
  self_->delayed_send(self_, what_.policy.healthy_after, healthy_tick{restarts_});
  for (auto& x : std::exchange(held_, {}))
    worker_->enqueue(std::move(x.sender), x.id, std::move(x.content), self_->context());
  if (restarts_ > 0 && what_.restarted)
    what_.restarted();
}

void supervisor_state::ended(const caf::down_msg& x) {
  if (!worker_ || x.source != caf::actor_cast<caf::actor_addr>(worker_))
    return;
  worker_ = nullptr;
  if (stopping_) {
    self_->quit(stopping_);
    return;
  }
  ++restarts_;
  ++failures_;
  const auto why = render(to_domain_error(x.reason));
  const auto delay = restart_delay(what_.policy, failures_);
  spdlog::error("supervisor lost a worker path={} failures={} again_in_ms={} why=\"{}\"",
                what_.path, failures_, delay.count(), why);
  if (failures_ > what_.policy.max_failures) {
    for (const auto& waiting : std::exchange(held_, {}))
      refuse(waiting, caf::make_error(ec::unavailable, what_.path + " does not work"));
    if (what_.incidents)
      self_->send(what_.incidents,
                  report_incident{incident_kind::actor_down, what_.path, why,
                                  "Look at the log of backendimd; restart it if this goes on."});
  }
  self_->delayed_send(self_, delay, begin_tick{});
}

/// It has worked for a while since it was started.
void supervisor_state::healthy(uint32_t restarts) {
  if (restarts != restarts_ || !worker_)
    return;
  failures_ = 0;
  if (what_.incidents) // perhaps one of before the daemon began
    self_->send(what_.incidents, resolve_incident{incident_kind::actor_down, what_.path});
}

caf::result<caf::message> supervisor_state::pass_on(caf::message_view& x) {
  auto sender = self_->current_sender();
  const auto id = self_->current_message_id();
  if (worker_) {
    worker_->enqueue(std::move(sender), id, x.move_content_to_message(), self_->context());
  } else if (failures_ <= what_.policy.max_failures && held_.size() < what_.policy.max_waiting) {
    held_.push_back({std::move(sender), id, x.move_content_to_message()});
  } else {
    return caf::make_error(ec::unavailable, what_.path + " does not work");
  }
  return caf::delegated<caf::message>{};
}

void supervisor_state::refuse(const held_message& x, const caf::error& why) {
  if (x.sender && x.id.is_request())
    x.sender->enqueue(self_->ctrl(), x.id.response_id(), caf::make_message(why), self_->context());
}

supervisor_state::~supervisor_state() {
  for (const auto& x : held_)
    refuse(x, caf::make_error(ec::unavailable, what_.path + " stopped"));
}

caf::behavior supervisor(caf::stateful_actor<supervisor_state>* self, supervision what) {
  return self->state.make_behavior(std::move(what));
}

} // namespace backendim
