#include "actors/rollout.hpp"

#include "actors/diagnosis.hpp"
#include "protocol/types.hpp"

#include <caf/typed_response_promise.hpp>

#include <chrono>
#include <utility>

namespace backendim {

using namespace std::chrono_literals;

namespace {

constexpr auto engine_deadline = 30s;
constexpr auto step_deadline = 4000s; // whoever asked ends each step earlier

canary_stage stage_of(const caf::optional<canary_info>& x) {
  if (!x)
    return canary_stage::none;
  return x->promoted ? canary_stage::promoted : canary_stage::serving;
}

} // namespace

/// Whoever waits asks again at once, and not after a deadline.
rollout_state::~rollout_state() {
  if (answer_)
    answer_(caf::make_error(ec::unavailable, "the rollout ended"));
}

rollout_actor::behavior_type
rollout_state::make_behavior(rollout_context context, std::string tenant, std::string deployment) {
  context_ = std::move(context);
  tenant_ = std::move(tenant);
  deployment_ = std::move(deployment);
  look_again(answer_deadline);
  self_->set_down_handler([this](const caf::down_msg& x) {
    if (askers_.erase(x.source) > 0 && askers_.empty())
      self_->quit();
  });
  return {
    [this](release_image& x) -> caf::result<release_running> {
      image_ = std::move(x);
      rollout_facts facts;
      facts.prepared = !image_.before;
      facts.started = false;
      return begin<release_running>({rollout_goal::started, std::nullopt}, facts);
    },
    [this](verify_release& x) -> caf::result<route_set> {
      wish_ = std::move(x);
      rollout_terms terms{rollout_goal::live, std::nullopt};
      if (wish_.trial)
        terms.trial = canary_of(wish_.made.config);
      rollout_facts facts;
      facts.stage = stage_of(wish_.known);
      if (wish_.known)
        facts.seen = {wish_.known->observed, wish_.known->canary, wish_.known->stable, 0};
      return begin<route_set>(terms, facts);
    },
    [this](watch_release& x) -> caf::result<release_watched> {
      watched_ = std::move(x);
      rollout_facts facts;
      facts.ready = facts.live = true;
      facts.watched = watched_.window <= 0s;
      return begin<release_watched>({rollout_goal::proven, std::nullopt}, facts);
    },
    [this](const rollout_tick& x) {
      if (askers_.empty())
        self_->quit(); // whoever looked for it has no use for it any more
      else if (x.turn == turn_)
        go_on();
    },
  };
}

/// What a request is answered with when its goal is reached.
template <class Reply>
caf::result<Reply> rollout_state::begin(rollout_terms terms, rollout_facts facts) {
  if (auto asker = caf::actor_cast<caf::actor_addr>(self_->current_sender());
      asker && askers_.insert(asker).second)
    self_->monitor(asker);
  if (const auto before = std::exchange(answer_, nullptr))
    before(caf::make_error(ec::unavailable, "something else was asked of the rollout"));
  auto promise = self_->make_response_promise<Reply>();
  answer_ = [this, promise](const caf::error& why) mutable {
    if (why)
      promise.deliver(to_domain_error(why));
    else if constexpr (std::is_same_v<Reply, release_running>)
      promise.deliver(release_running{image_.what.service});
    else if constexpr (std::is_same_v<Reply, route_set>)
      promise.deliver(routed_);
    else
      promise.deliver(release_watched{watched_.service, crash_});
  };
  ++turn_;
  terms_ = terms;
  facts_ = facts;
  crash_ = caf::none;
  trial_ = {};
  trial_.before = facts.seen.observed;
  trial_.look_at = trial_.sampled = self_->clock().now();
  go_on();
  return promise;
}

void rollout_state::go_on() {
  switch (next(terms_, facts_)) {
    case rollout_move::prepare: prepare(); break;
    case rollout_move::start: start(); break;
    case rollout_move::await_ready: await_ready(); break;
    case rollout_move::look_beside: look_beside(); break;
    case rollout_move::begin_trial: begin_trial(); break;
    case rollout_move::share: share(); break;
    case rollout_move::give_way: give_way(); break;
    case rollout_move::promote: promote(); break;
    case rollout_move::take_back: take_back(); break;
    case rollout_move::activate: activate(); break;
    case rollout_move::watch: watch(); break;
    case rollout_move::done: end(); break;
  }
}

/// Answers whoever asked. Nothing is under way then, and behind a release that is live nothing
/// follows but a watch, which its app asks for at this path.
void rollout_state::end(const caf::error& why) {
  ++turn_;
  if (const auto answer = std::exchange(answer_, nullptr))
    answer(why);
  if (terms_.goal == rollout_goal::proven || (terms_.goal == rollout_goal::live && !why))
    self_->quit();
}

void rollout_state::look_again(caf::timespan pause) {
  self_->delayed_send(self_, pause, rollout_tick{turn_});
}

path<path_kind::app> rollout_state::app_of_wish() const {
  return app_path(tenant_, wish_.what.secrets.app);
}

/// A command that ended before a restart of the platform is not run again while its service is
/// there; behind that it is, so it has to bear it.
void rollout_state::prepare() {
  ask<release_running>(context_.engine, engine_deadline, *image_.before,
                       [this](const release_running&) {
                         ask<task_ended>(context_.gateway, step_deadline,
                                         await_end{image_.before->service, image_.before->secrets},
                                         [this](const task_ended& x) { prepared(x); });
                       });
}

void rollout_state::prepared(const task_ended& x) {
  caf::error why;
  if (x.what.exit_code != 0 || x.what.out_of_memory)
    why = make_failure(ec::build_failed, diagnose_command(x));
  ask<release_removed>(context_.gateway, engine_deadline, retire_release{image_.before->service},
                       [this, why](const release_removed&) {
                         if (why) {
                           end(why);
                           return;
                         }
                         facts_.prepared = true;
                         go_on();
                       });
}

void rollout_state::start() {
  ask<release_running>(context_.engine, engine_deadline, image_.what,
                       [this](const release_running&) {
                         facts_.started = true;
                         go_on();
                       });
}

void rollout_state::await_ready() {
  ask<release_ready>(context_.gateway, step_deadline, wish_.what, [this](const release_ready&) {
    facts_.ready = true;
    go_on();
  });
}

void rollout_state::activate() {
  ask_at<route_set>(
    app_of_wish(),
    activate_release{deployment_, wish_.made, {wish_.made.who, "activate-" + deployment_}},
    [this](const route_set& x) {
      routed_ = x;
      facts_.live = true;
      go_on();
    },
    step_deadline);
}

void rollout_state::crashed(release_failed x) {
  crash_ = std::move(x.error);
  facts_.crashed = true;
  go_on();
}

/// Whose time passes without a failure serves well.
void rollout_state::watch() {
  self_
    ->request(context_.gateway, watched_.window, await_failure{watched_.service, watched_.secrets})
    .then(
      [this, turn = turn_](release_failed& x) {
        if (turn == turn_)
          crashed(std::move(x));
      },
      [this, turn = turn_](const caf::error& why) {
        if (turn != turn_)
          return;
        if (why != caf::sec::request_timeout) {
          end(why);
          return;
        }
        facts_.watched = true;
        go_on();
      });
}

rollout_actor::behavior_type rollout(rollout_actor::stateful_pointer<rollout_state> self,
                                     rollout_context context, std::string tenant,
                                     std::string deployment) {
  return self->state.make_behavior(std::move(context), std::move(tenant), std::move(deployment));
}

} // namespace backendim
