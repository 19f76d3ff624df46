#include "actors/rollout_plan.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

using namespace backendim;
using namespace std::chrono_literals;
using move = rollout_move;

namespace {

rollout_terms towards(rollout_goal goal) {
  return {goal, std::nullopt};
}

rollout_terms tried_first() {
  return {rollout_goal::live, canary_terms{}};
}

/// Does what *terms* ask for as if all went well, and says what that was.
std::vector<move> way(const rollout_terms& terms, rollout_facts x) {
  std::vector<move> result;
  for (int i = 0; i < 20; ++i) {
    const auto now = next(terms, x);
    if (result.empty() || result.back() != now)
      result.push_back(now);
    switch (now) {
      case move::prepare: x.prepared = true; break;
      case move::start: x.started = true; break;
      case move::await_ready: x.ready = true; break;
      case move::look_beside: x.beside = 1; break;
      case move::begin_trial: x.stage = canary_stage::serving; break;
      case move::share: x.seen.observed += 20s; break;
      case move::promote: x.stage = canary_stage::promoted; break;
      case move::activate: x.live = true; break;
      case move::watch: x.watched = true; break;
      default: return result;
    }
  }
  return result;
}

rollout_facts from_nothing() {
  rollout_facts x;
  x.prepared = x.started = false;
  return x;
}

rollout_facts serving(uint64_t requests = 0, uint64_t failed = 0, std::chrono::seconds time = 2s) {
  rollout_facts x;
  x.ready = true;
  x.stage = canary_stage::serving;
  x.seen = {time, {requests, failed}, {}, 0};
  return x;
}

TEST(RolloutPlanTest, AllAtOnce) {
  EXPECT_EQ(way(towards(rollout_goal::started), from_nothing()),
            (std::vector{move::prepare, move::start, move::done}));
  EXPECT_EQ(
    way(towards(rollout_goal::live), from_nothing()),
    (std::vector{move::prepare, move::start, move::await_ready, move::activate, move::done}));
  EXPECT_EQ(way(towards(rollout_goal::proven), from_nothing()),
            (std::vector{move::prepare, move::start, move::await_ready, move::activate, move::watch,
                         move::done}));
}

TEST(RolloutPlanTest, WithAShareOfTheRequestsFirst) {
  EXPECT_EQ(way(tried_first(), {}),
            (std::vector{move::await_ready, move::look_beside, move::begin_trial, move::share,
                         move::promote, move::activate, move::done}));
}

TEST(RolloutPlanTest, ATrialNeedsAReleaseThatGetsTheRest) {
  rollout_facts x;
  x.ready = true;
  x.beside = 0;
  EXPECT_EQ(next(tried_first(), x), move::activate);
  x.beside = 7;
  EXPECT_EQ(next(tried_first(), x), move::begin_trial);
}

TEST(RolloutPlanTest, ATrialThatWasWrittenDownGoesOnWhereItStood) {
  EXPECT_EQ(next(tried_first(), serving()), move::share);
  EXPECT_EQ(next(tried_first(), serving(100, 0, 60s)), move::promote);
  auto promoted = serving();
  promoted.stage = canary_stage::promoted;
  EXPECT_EQ(next(tried_first(), promoted), move::activate) << "it is not judged once more";
}

TEST(RolloutPlanTest, ABadTrialIsTakenBackAndNeverGetsAllRequests) {
  EXPECT_EQ(next(tried_first(), serving(19, 19)), move::share) << "too few to say";
  EXPECT_EQ(next(tried_first(), serving(20, 2)), move::take_back);
  auto crashed = serving(1'000, 0, 60s);
  crashed.crashed = true;
  EXPECT_EQ(next(tried_first(), crashed), move::take_back) << "however good its answers were";
  auto by_hand = tried_first();
  by_hand.trial->auto_promote = false;
  EXPECT_EQ(next(by_hand, serving(100, 0, 3'599s)), move::share);
  EXPECT_EQ(next(by_hand, serving(100, 0, 3'600s)), move::take_back) << "nobody promoted it";
}

TEST(RolloutPlanTest, ANewerDeploymentEndsATrialUnlessItIsOverAnyway) {
  auto x = serving(100, 0, 10s);
  x.newer = "01JK0000000000000000000002";
  EXPECT_EQ(next(tried_first(), x), move::give_way);
  x.crashed = true;
  EXPECT_EQ(next(tried_first(), x), move::take_back) << "why it went is worth knowing";
}

TEST(RolloutPlanTest, WhatIsLiveIsWatchedUntilItsWindowHasPassedOrItCrashes) {
  rollout_facts x;
  x.ready = x.live = true;
  EXPECT_EQ(next(towards(rollout_goal::proven), x), move::watch);
  x.crashed = true;
  EXPECT_EQ(next(towards(rollout_goal::proven), x), move::done);
  x.crashed = false;
  x.watched = true;
  EXPECT_EQ(next(towards(rollout_goal::proven), x), move::done);
}

rollout_facts facts_of(unsigned bits, canary_stage stage) {
  const auto bit = [&](unsigned n) { return (bits >> n & 1u) != 0; };
  rollout_facts x;
  x.prepared = bit(0);
  x.started = bit(1);
  x.ready = bit(2);
  x.live = bit(3);
  x.watched = bit(4);
  x.crashed = bit(5);
  x.stage = stage;
  if (bit(6))
    x.beside = 1;
  if (bit(7))
    x.newer = "newer";
  return x;
}

/// What must not be true of any move, whatever is known; empty: all is well.
std::string wrong_with(const rollout_terms& terms, const rollout_facts& x) {
  const auto what = next(terms, x);
  const std::set of_trials{move::look_beside, move::begin_trial, move::share,
                           move::give_way,    move::promote,     move::take_back};
  const std::set of_live{move::watch, move::done};
  const bool begun = x.prepared && x.started;
  if (!begun && what != (x.prepared ? move::start : move::prepare))
    return "goes on before what has to run first has";
  if (what == move::activate && (!x.ready || (terms.trial && x.stage == canary_stage::serving)))
    return "puts on the route what is not ready, or still tried";
  if (begun && x.live && !of_live.contains(what))
    return "begins anew what is live";
  if (of_trials.contains(what) && !terms.trial)
    return "tries what is not to be tried";
  if (what == move::done && terms.goal != rollout_goal::started && !x.live)
    return "stops before it is where it had to get";
  return "";
}

TEST(RolloutPlanTest, HoldsForEveryCombinationOfFacts) {
  for (unsigned bits = 0; bits < 1u << 8; ++bits)
    for (const auto stage : {canary_stage::none, canary_stage::serving, canary_stage::promoted})
      for (const auto goal : {rollout_goal::started, rollout_goal::live, rollout_goal::proven})
        for (const bool tried : {false, true}) {
          rollout_terms terms{goal, std::nullopt};
          if (tried)
            terms.trial = canary_terms{};
          EXPECT_EQ(wrong_with(terms, facts_of(bits, stage)), "") << bits;
        }
}

} // namespace
