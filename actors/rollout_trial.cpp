// The part of a rollout in which its release gets a share of the requests and is judged by them.

#include "actors/rollout.hpp"
#include "protocol/types.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

namespace backendim {

using namespace std::chrono_literals;

namespace {

constexpr auto look_interval = 1s;
constexpr auto retry_pause = 1s;
constexpr auto crash_patience = 4000s; // asked for again with the next look
constexpr size_t shown_lines = 10;     // of what its task wrote last

/// What was told since *last*; a count that fell has begun anew.
uint64_t since(uint64_t now, uint64_t last) {
  return now < last ? now : now - last;
}

request_count since(const request_count& now, const request_count& last) {
  return {since(now.requests, last.requests), since(now.failed, last.failed)};
}

} // namespace

/// There has to be a release that gets the rest.
void rollout_state::look_beside() {
  ask_at<app_info>(
    app_of_wish(), get_app{},
    [this](const app_info& x) {
      facts_.beside = x.live && !x.stopped ? x.live->number : 0;
      go_on();
    },
    answer_deadline);
}

/// Writes *x* down with the deployment, which then says how to go on, or ends this.
template <class Command>
void rollout_state::tell_deployment(Command x) {
  ++turn_; // no look under way may follow
  ask_path<deployment_info>(
    self_, context_.ingress, deployment_path(tenant_, deployment_), std::move(x),
    [](const deployment_info&) {},
    [this, turn = turn_](const caf::error& why) {
      if (turn != turn_)
        return;
      spdlog::warn("rollout could not have its deployment know path=rollout/{}/{} why=\"{}\"",
                   tenant_, deployment_, render(why));
      look_again(retry_pause);
    });
}

void rollout_state::begin_trial() {
  tell_deployment(begin_canary{*facts_.beside, {}});
}

void rollout_state::give_way() {
  tell_deployment(supersede_deployment{*facts_.newer, {}});
}

/// Asking for the counts is also what keeps the share: whoever was restarted gives it, too.
void rollout_state::share() {
  const auto now = self_->clock().now();
  if (trial_.asking)
    return;
  if (now < trial_.look_at) {
    look_again(trial_.look_at - now);
    return;
  }
  trial_.asking = true;
  await_crash();
  const share_requests wish{deployment_, wish_.what, terms_.trial->weight};
  ask_path<split_counted>(
    self_, context_.ingress, app_of_wish(), wish,
    [this, turn = turn_](const split_counted& x) {
      if (turn == turn_)
        counted(x);
    },
    [this, turn = turn_](const caf::error& why) {
      if (turn == turn_) // a gateway that does not answer in time is one that is away
        end(why == ec::timed_out ? caf::make_error(ec::unavailable, "the gateway did not answer")
                                 : why);
    });
}

/// A task of it that ends by itself ends the trial, too.
void rollout_state::await_crash() {
  if (std::exchange(trial_.crash_awaited, true))
    return;
  self_
    ->request(context_.gateway, crash_patience,
              await_failure{wish_.what.service, wish_.what.secrets})
    .then(
      [this, turn = turn_](release_failed& x) {
        if (turn == turn_)
          crashed(std::move(x));
      },
      [this, turn = turn_](const caf::error&) {
        if (turn == turn_)
          trial_.crash_awaited = false;
      });
}

void rollout_state::counted(const split_counted& x) {
  auto& seen = facts_.seen;
  const auto now = self_->clock().now();
  if (trial_.last) {
    seen.canary = seen.canary + since(x.canary, trial_.last->canary);
    seen.stable = seen.stable + since(x.stable, trial_.last->stable);
    seen.observed
      = trial_.before + std::chrono::duration_cast<std::chrono::seconds>(now - trial_.since);
  } else {
    trial_.since = now;
  }
  trial_.last = x;
  seen.waiting = x.waiting;
  const auto judged = [this, turn = turn_](caf::optional<std::string> newer) {
    if (turn != turn_)
      return;
    if (newer && *newer != deployment_)
      facts_.newer = *newer;
    trial_.asking = false;
    trial_.look_at = self_->clock().now() + look_interval;
    if (next(terms_, facts_) == rollout_move::share)
      keep_sample();
    go_on();
  };
  ask_path<app_info>(
    self_, context_.ingress, app_of_wish(), get_app{},
    [judged](const app_info& app) { judged(app.queued); },
    [judged](const caf::error&) { judged(caf::none); });
}

judge_canary rollout_state::sample() const {
  const auto& seen = facts_.seen;
  return {seen.observed, seen.canary, seen.stable, false, caf::none, {}};
}

/// What a restart goes on from.
void rollout_state::keep_sample() {
  const auto now = self_->clock().now();
  if (now - trial_.sampled < sample_pause(facts_.seen.observed))
    return;
  trial_.sampled = now;
  ask_path<deployment_info>(
    self_, context_.ingress, deployment_path(tenant_, deployment_), sample(),
    [](const deployment_info&) {},
    [this](const caf::error& why) {
      spdlog::warn("rollout could not keep what it counted path=rollout/{}/{} why=\"{}\"", tenant_,
                   deployment_, render(why));
    });
}

void rollout_state::promote() {
  auto end = sample();
  end.proven = true;
  tell_deployment(std::move(end));
}

/// First nobody gets there any more; then its last words are looked up while its task is there.
void rollout_state::take_back() {
  ++turn_;
  const share_requests none{deployment_, wish_.what, 0};
  ask_path<split_counted>(
    self_, context_.ingress, app_of_wish(), none, [](const split_counted&) {},
    [](const caf::error&) {});
  if (crash_) {
    conclude(*crash_);
    return;
  }
  last_words(canary_failure(judge(*terms_.trial, facts_.seen), *terms_.trial, facts_.seen,
                            wish_.made.number, wish_.known ? wish_.known->stable_release : 0));
}

void rollout_state::last_words(failure why) {
  if (why.code != cause::canary_failed) {
    conclude(std::move(why));
    return;
  }
  const auto told = [this, turn = turn_, why](const std::vector<std::string>& lines) {
    if (turn != turn_)
      return;
    auto whole = why;
    const auto skip = lines.size() - std::min(lines.size(), shown_lines);
    whole.evidence.insert(whole.evidence.end(), lines.begin() + static_cast<std::ptrdiff_t>(skip),
                          lines.end());
    conclude(std::move(whole));
  };
  const auto nothing = [told](const caf::error&) { told({}); };
  const auto& secrets = wish_.what.secrets;
  ask_path<service_report>(
    self_, context_.ingress, service_path(tenant_, wish_.what.service), get_service{},
    [this, told, nothing, secrets](const service_report& x) {
      const auto found = std::ranges::find(x.tasks, task_phase::running, &task::phase);
      if (found == x.tasks.end()) {
        told({});
        return;
      }
      self_->request(context_.engine, answer_deadline, get_evidence{found->container, secrets})
        .then([told](const evidence& shown) { told(shown.log); }, nothing);
    },
    nothing);
}

void rollout_state::conclude(failure why) {
  auto end = sample();
  end.error = std::move(why);
  tell_deployment(std::move(end));
}

} // namespace backendim
