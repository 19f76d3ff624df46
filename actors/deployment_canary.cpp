// The part of a deployment in which its release gets a share of the requests and is judged by them.

#include "actors/deployment_driver.hpp"
#include "actors/release_tasks.hpp"

#include <iterator>

namespace backendim {

using namespace std::chrono_literals;

namespace {

constexpr auto look_interval = 1s;
constexpr size_t shown_lines = 10; // of what its task wrote last

/// What was told since *last*; a count that fell has begun anew.
uint64_t since(uint64_t now, uint64_t last) {
  return now < last ? now : now - last;
}

request_count since(const request_count& now, const request_count& last) {
  return {since(now.requests, last.requests), since(now.failed, last.failed)};
}

} // namespace

/// Ready tasks get a share of the requests at first, if there is a release that gets the rest.
void deployment_driver::try_first(const deployment_data& s, const step_run& x) {
  const auto gone_wrong = [this, x](const caf::error& why) { failed(x, to_domain_error(why)); };
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - self_->clock().now());
  const auto app = app_path(s.info.tenant, s.info.app);
  self_->request(context_.gateway, std::max(left, 1ms), readiness(s))
    .then(
      [this, x, app, gone_wrong](const release_ready&) {
        ask_path<app_info>(
          self_, context_.ingress, app, get_app{},
          [this, x](const app_info& found) {
            if (under_way_ != x)
              return;
            if (found.live && !found.stopped)
              record(begin_canary{found.live->number, {}}, x);
            else
              activate(current(), x);
          },
          gone_wrong);
      },
      gone_wrong);
}

void deployment_driver::watch_canary(const deployment_data& s, const step_run& x) {
  const auto now = self_->clock().now();
  const auto& known = *s.info.canary;
  canary_watch fresh;
  fresh.of = x;
  fresh.terms = canary_of(s).value_or(canary_terms{});
  fresh.wish = {s.info.id, readiness(s), fresh.terms.weight};
  fresh.before = known.observed;
  fresh.seen = {known.observed, known.canary, known.stable, 0};
  fresh.look_at = fresh.sampled = now;
  canary_ = std::move(fresh);
}

/// A task of it that ends by itself ends the trial, too.
void deployment_driver::await_crash() {
  if (std::exchange(canary_->crash_awaited, true))
    return;
  const auto& wish = canary_->wish.service;
  const auto left = std::chrono::ceil<std::chrono::seconds>(deadline_ - self_->clock().now());
  self_->request(context_.gateway, std::max(left, 1s), await_failure{wish.service, wish.secrets})
    .then(
      [this, x = canary_->of](release_failed& reply) {
        if (under_way_ == x && canary_)
          take_back(std::move(reply.error));
      },
      [this, x = canary_->of](const caf::error&) {
        if (under_way_ == x && canary_)
          canary_->crash_awaited = false; // asked again with the next look
      });
}

/// Asking for the counts is also what keeps the split: whoever was restarted has it, too.
void deployment_driver::look_at_canary() {
  const auto now = self_->clock().now();
  if (canary_->asking)
    return;
  if (now < canary_->look_at) {
    tick_in(canary_->look_at - now);
    return;
  }
  canary_->asking = true;
  await_crash();
  const auto& info = current().info;
  ask_path<split_counted>(
    self_, context_.ingress, app_path(info.tenant, info.app), canary_->wish,
    [this, x = canary_->of](const split_counted& reply) {
      if (under_way_ == x && canary_)
        counted(reply);
    },
    [this, x = canary_->of](const caf::error& reason) {
      // A gateway that does not answer in time is one that is away.
      failed(x, reason == ec::timed_out
                  ? caf::make_error(ec::unavailable, "the gateway did not answer")
                  : reason);
    });
}

void deployment_driver::counted(const split_counted& x) {
  auto& w = *canary_;
  const auto now = self_->clock().now();
  missing_until_.reset(); // what was away is back, and a canary is long
  if (w.last) {
    w.seen.canary = w.seen.canary + since(x.canary, w.last->canary);
    w.seen.stable = w.seen.stable + since(x.stable, w.last->stable);
    w.seen.observed = w.before + std::chrono::duration_cast<std::chrono::seconds>(now - w.since);
  } else {
    w.since = now;
  }
  w.last = x;
  w.seen.waiting = x.waiting;
  const auto& info = current().info;
  ask_path<app_info>(
    self_, context_.ingress, app_path(info.tenant, info.app), get_app{},
    [this, of = w.of](const app_info& app) {
      if (under_way_ == of && canary_)
        judge_now(app.queued);
    },
    [this, of = w.of](const caf::error&) {
      if (under_way_ == of && canary_)
        judge_now(caf::none);
    });
}

/// A newer deployment does not wait for the trial: it would only take its place afterwards.
void deployment_driver::judge_now(const caf::optional<std::string>& newer) {
  auto& w = *canary_;
  const auto& info = current().info;
  if (newer && *newer != info.id) {
    record(supersede_deployment{*newer, {}}, w.of);
    return;
  }
  const auto now = self_->clock().now();
  const auto verdict = judge(w.terms, w.seen);
  if (verdict == canary_verdict::revert || verdict == canary_verdict::expire) {
    take_back(canary_failure(verdict, w.terms, w.seen, info.release, info.canary->stable_release));
    return;
  }
  judge_canary sample{w.seen.observed, w.seen.canary, w.seen.stable, false, caf::none, {}};
  if (verdict == canary_verdict::promote) {
    sample.proven = true;
    conclude(std::move(sample));
    return;
  }
  w.asking = false;
  w.look_at = now + look_interval;
  if (now - w.sampled >= sample_pause(w.seen.observed)) {
    w.sampled = now;
    record(std::move(sample), w.of);
  }
  tick_in(look_interval);
}

/// First nobody gets there any more; then its last words are looked up while its task is there.
void deployment_driver::take_back(failure why) {
  auto& w = *canary_;
  if (std::exchange(w.ending, true))
    return;
  w.asking = true;
  end_canary_split(current());
  judge_canary end{w.seen.observed, w.seen.canary, w.seen.stable, false, std::move(why), {}};
  const auto done = [this, x = w.of, end](const std::vector<std::string>& lines) {
    if (under_way_ != x || !canary_)
      return;
    auto told = end;
    auto& evidence = told.error->evidence;
    const auto skip = lines.size() - std::min(lines.size(), shown_lines);
    evidence.insert(evidence.end(), lines.begin() + static_cast<std::ptrdiff_t>(skip), lines.end());
    conclude(std::move(told));
  };
  if (end.error->code != cause::canary_failed) {
    done({});
    return;
  }
  const auto nothing = [done](const caf::error&) { done({}); };
  const auto secrets = w.wish.service.secrets;
  ask_path<service_report>(
    self_, context_.ingress, service_path(secrets.tenant, w.wish.service.service), get_service{},
    [this, done, nothing, secrets](const service_report& x) {
      const auto found = std::ranges::find(x.tasks, task_phase::running, &task::phase);
      if (found == x.tasks.end()) {
        done({});
        return;
      }
      self_->request(context_.engine, answer_deadline, get_evidence{found->container, secrets})
        .then([done](const evidence& shown) { done(shown.log); }, nothing);
    },
    nothing);
}

/// No look follows: either the stage changes, or what could not be recorded begins anew.
void deployment_driver::conclude(judge_canary x) {
  canary_->asking = true;
  record(std::move(x), canary_->of);
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

} // namespace backendim
