// Whole deploys of several tenants while things fail, one seed after the other.

#include "tests/simulation/seeds.hpp"
#include "tests/simulation/world.hpp"

#include <gtest/gtest.h>

using namespace backendim::simulation;

namespace {

/// Runs the scenario with each seed until one contradicts itself.
void run(weather what, int wishes, const std::vector<wish>& of) {
  for (const auto seed : seeds()) {
    world x{seed, what};
    x.live(wishes, of);
    x.settle();
    const auto wrong = x.contradictions();
    for (const auto& each : wrong)
      ADD_FAILURE() << each;
    if (!wrong.empty()) {
      ADD_FAILURE() << "seed " << seed << " does the same again: --seed " << seed
                    << " --gtest_filter="
                    << ::testing::UnitTest::GetInstance()->current_test_info()->name();
      return;
    }
  }
}

const std::vector<wish> all{wish::deploy,   wish::deploy, wish::redeploy,
                            wish::rollback, wish::cancel, wish::destroy,
                            wish::stop,     wish::start,  wish::scale};

TEST(Simulation, FairWeather) {
  run({}, 40, all);
}

TEST(Simulation, CancelAndDestroyAtAnyMoment) {
  run({}, 40, {wish::deploy, wish::cancel, wish::deploy, wish::destroy});
}

TEST(Simulation, AnyActorFails) {
  weather x;
  x.crashes = true;
  run(x, 30, all);
}

TEST(Simulation, ThePlatformIsRestarted) {
  weather x;
  x.restarts = true;
  run(x, 30, all);
}

TEST(Simulation, TheJournalIsAwayAndLosesAnswers) {
  weather x;
  x.journal = true;
  run(x, 30, all);
}

TEST(Simulation, TheEngineIsAwayAndLosesAnswers) {
  weather x;
  x.engine = true;
  run(x, 30, all);
}

TEST(Simulation, TheEdgeIsSlow) {
  weather x;
  x.edge = true;
  run(x, 30, all);
}

TEST(Simulation, BuildsFail) {
  weather x;
  x.builder = true;
  run(x, 30, all);
}

TEST(Simulation, ThreadsHang) {
  weather x;
  x.hangs = true;
  run(x, 30, all);
}

TEST(Simulation, CanariesAreTriedWhileActorsFail) {
  weather x;
  x.canaries = x.crashes = x.restarts = true;
  run(x, 30,
      {wish::deploy, wish::deploy, wish::deploy, wish::promote, wish::cancel, wish::rollback,
       wish::stop, wish::start, wish::destroy});
}

TEST(Simulation, AllAtOnce) {
  run({true, true, true, true, true, true, true, true}, 30, all);
}

} // namespace
