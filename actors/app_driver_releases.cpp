// What an app does about its releases that run: how many tasks, watched, taken back.

#include "actors/app_driver.hpp"
#include "actors/release_tasks.hpp"
#include "actors/resolve.hpp"
#include "protocol/rollout.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace backendim {

using namespace std::chrono_literals;

namespace {
constexpr auto settle_time = 500ms; // until Swarm has chosen the tasks to end
} // namespace

/// Gives ourselves what came of a watch; when it is lost, it is watched once more.
template <class Command>
void app_driver::tell_self(Command x) {
  const auto number = x.number;
  self_->request(interface{self_}, answer_deadline, std::move(x))
    .then([](const app_info&) {},
          [this, number](const caf::error& reason) {
            spdlog::warn("app could not record app={} why=\"{}\"", stream(),
                         render(to_domain_error(reason)));
            watch_again(number);
          });
}

caf::result<app_tasks> app_driver::tasks() {
  const auto& s = current();
  app_tasks result{s.tenant, s.app, live_ ? live_->service : "", {}, {}, one_offs_of(s)};
  if (!s.exists)
    return caf::make_error(ec::not_found, "there is no app " + s.app);
  if (!live_)
    return result;
  auto promise = self_->make_response_promise<app_tasks>();
  ask_path<service_report>(
    self_, ingress_, service_path(s.tenant, live_->service), get_service{},
    [promise, result](const service_report& x) {
      auto asked = promise;
      asked.deliver(
        app_tasks{result.tenant, result.app, result.service, x.tasks, x.ready, result.one_offs});
    },
    [promise](const caf::error& reason) {
      auto asked = promise;
      asked.deliver(reason);
    });
  return promise;
}

/// Has the engine run as many tasks as the app wants. What was wanted before a restart of the
/// platform is the reconciler's to mend: thousands of apps come back at once.
void app_driver::scale() {
  auto before = std::exchange(
    scaled_, live_ ? std::optional{scale_release{live_->service, live_->replicas}} : std::nullopt);
  if (!std::exchange(was_driven_, true) || !scaled_ || scaled_ == before)
    return;
  self_->request(engine_, drain_deadline, *scaled_)
    .then(
      [this](const release_running& x) {
        // Swarm waits for two seconds before it ends a task that it no longer wants: by then no
        // request may go to it.
        self_->send(gateway_, container_changed{x.service, ""});
        self_->delayed_send(gateway_, settle_time, container_changed{x.service, ""});
      },
      [this](const caf::error& reason) {
        spdlog::warn("app could not scale app={} why=\"{}\"", stream(),
                     render(to_domain_error(reason)));
        scaled_.reset();
        tick_in(retry_after);
      });
}

/// While the release before the live one still runs, the rollout of the live one watches it. After
/// a restart of the platform it is watched anew.
void app_driver::watch(const app_state& s) {
  if (!s.standby || !s.live || s.activated) { // its deployment is not done with it yet
    watched_.reset();
    return;
  }
  const auto number = s.live->number;
  const auto now = self_->clock().now();
  if (!watched_ || watched_->release != number)
    watched_ = watched_release{number, now + s.live->watch};
  if (std::exchange(watched_->asked, true))
    return;
  const auto left = std::chrono::ceil<std::chrono::seconds>(watched_->until - now);
  const watch_release wish{
    service_name(s.tenant, s.app, number), std::max(left, 0s), {s.tenant, s.app, s.live->secrets}};
  ask_path<release_watched>(
    self_, ingress_, rollout_path(s.tenant, s.live->deployment), wish,
    [this, number](const release_watched& x) {
      if (!x.error) {
        tell_self(end_watch{number, {"", "proven-" + std::to_string(number)}});
        return;
      }
      spdlog::warn("app takes its release back app={} release={} why=\"{}\"", stream(), number,
                   x.error->message);
      tell_self(revert_release{number, *x.error, {"", "revert-" + std::to_string(number)}});
    },
    [this, number](const caf::error&) { watch_again(number); }, wish.window + answer_deadline);
}

void app_driver::watch_again(uint32_t number) {
  if (!watched_ || watched_->release != number)
    return;
  watched_->asked = false;
  tick_in(retry_after);
}

/// The deployments whose releases were taken back have to say so; they do it once.
void app_driver::tell_reverted(const app_state& s) {
  for (const auto& x : s.releases) {
    if (!x.reverted || !told_reverted_.insert(x.number).second)
      continue;
    ask_path<deployment_info>(
      self_, ingress_, deployment_path(s.tenant, x.deployment),
      roll_back_deployment{*x.reverted, {"", "reverted-" + x.deployment}},
      [](const deployment_info&) {},
      [this, number = x.number](const caf::error& reason) {
        if (reason == ec::not_found || reason == ec::conflict)
          return;
        told_reverted_.erase(number);
        tick_in(retry_after);
      });
  }
}

} // namespace backendim
