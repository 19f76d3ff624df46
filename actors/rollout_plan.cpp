#include "actors/rollout_plan.hpp"

namespace backendim {

namespace {

rollout_move next_of_trial(const canary_terms& terms, const rollout_facts& x) {
  if (x.crashed)
    return rollout_move::take_back;
  if (x.newer)
    return rollout_move::give_way; // it would only take its place afterwards
  switch (judge(terms, x.seen)) {
    case canary_verdict::go_on: return rollout_move::share;
    case canary_verdict::promote: return rollout_move::promote;
    case canary_verdict::revert:
    case canary_verdict::expire: break;
  }
  return rollout_move::take_back;
}

} // namespace

rollout_move next(const rollout_terms& terms, const rollout_facts& x) {
  if (!x.prepared)
    return rollout_move::prepare;
  if (!x.started)
    return rollout_move::start;
  if (terms.goal == rollout_goal::started)
    return rollout_move::done;
  if (x.live)
    return terms.goal == rollout_goal::live || x.watched || x.crashed ? rollout_move::done
                                                                      : rollout_move::watch;
  if (terms.trial && x.stage == canary_stage::serving)
    return next_of_trial(*terms.trial, x);
  if (!x.ready)
    return rollout_move::await_ready;
  if (terms.trial && x.stage == canary_stage::none) {
    if (!x.beside)
      return rollout_move::look_beside;
    if (*x.beside != 0)
      return rollout_move::begin_trial;
  }
  return rollout_move::activate;
}

} // namespace backendim
