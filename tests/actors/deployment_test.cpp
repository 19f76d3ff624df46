#include "actors/deployment.hpp"
#include "protocol/types.hpp"
#include "tests/support/error_of.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

using namespace backendim;
using test::error_of;
using state = deployment_state;

namespace {

const moment now{caf::timestamp{caf::timespan{1'000}}, "01J00000000000000000000000"};

template <class Command>
caf::error run(deployment_data& s, const Command& x) {
  auto events = decide(s, x, now);
  if (!events)
    return events.error();
  for (const auto& event : *events)
    std::visit([&](const auto& e) { apply(s, e); }, event);
  return {};
}

create_deployment task() {
  create_deployment x;
  x.id = "01JD";
  x.tenant = "acme";
  x.app = "shop";
  x.release = 3;
  x.meta = {"ada", "r1"};
  return x;
}

complete_step done(state step) {
  complete_step x;
  x.step = step;
  if (step == state::fetching) {
    x.plan = build_plan{};
    x.config = app_config{};
  }
  if (step == state::pushing)
    x.image = "reg/acme/shop@sha256:1";
  return x;
}

complete_step broken(state step) {
  complete_step x;
  x.step = step;
  x.error = failure{cause::build_failed, "it broke", {"line"}, "mend it"};
  return x;
}

const std::vector<state> steps{state::fetching, state::building, state::pushing, state::releasing,
                               state::verifying};

/// A deployment that has come as far as *to*.
deployment_data in(state to) {
  deployment_data s;
  EXPECT_FALSE(run(s, task()));
  if (to == state::queued)
    return s;
  if (to == state::cancelled) {
    EXPECT_FALSE(run(s, cancel_deployment{{"ada", "c"}}));
    return s;
  }
  if (to == state::superseded) {
    EXPECT_FALSE(run(s, supersede_deployment{"01JE", {"", "s"}}));
    return s;
  }
  EXPECT_FALSE(run(s, begin_deployment{{"", "b"}}));
  if (to == state::failed) {
    EXPECT_FALSE(run(s, broken(state::fetching)));
    return s;
  }
  for (auto step : steps) {
    if (s.info.state == to)
      return s;
    EXPECT_FALSE(run(s, done(step)));
  }
  EXPECT_EQ(s.info.state, to);
  return s;
}

TEST(DeploymentTest, WalksItsSteps) {
  deployment_data s;
  EXPECT_FALSE(run(s, task()));
  EXPECT_EQ(next(s), std::nullopt);
  EXPECT_FALSE(run(s, begin_deployment{{"", "b"}}));
  for (auto step : steps) {
    EXPECT_EQ(next(s), step);
    EXPECT_FALSE(run(s, done(step)));
  }
  EXPECT_EQ(s.info.state, state::succeeded);
  EXPECT_EQ(next(s), std::nullopt);
  EXPECT_EQ(s.info.image, std::string{"reg/acme/shop@sha256:1"});
  ASSERT_EQ(s.info.steps.size(), 6u);
  for (const auto& step : s.info.steps)
    EXPECT_TRUE(step.ended);
}

/// All states times all commands: what each leads to, or that it changes nothing, or is refused.
TEST(DeploymentTest, EveryCommandInEveryState) {
  const std::vector<state> all{state::queued,    state::fetching,  state::building,  state::pushing,
                               state::releasing, state::verifying, state::succeeded, state::failed,
                               state::cancelled, state::superseded};
  for (auto from : all) {
    SCOPED_TRACE(boost::describe::enum_to_string(from, "?"));
    auto s = in(from);
    ASSERT_EQ(s.info.state, from);

    auto created = s;
    EXPECT_FALSE(run(created, task()));
    EXPECT_EQ(created.info.state, from) << "a repeated task changes nothing";

    auto begun = s;
    EXPECT_FALSE(run(begun, begin_deployment{{"", "b"}}));
    EXPECT_EQ(begun.info.state, from == state::queued ? state::fetching : from);

    auto cancelled = s;
    const auto refused = run(cancelled, cancel_deployment{{"ada", "c"}});
    const bool too_late = is_final(from) && from != state::cancelled;
    EXPECT_EQ(bool(refused), too_late);
    EXPECT_EQ(cancelled.info.state, is_final(from) ? from : state::cancelled);

    auto superseded = s;
    EXPECT_FALSE(run(superseded, supersede_deployment{"01JE", {"", "s"}}));
    EXPECT_EQ(superseded.info.state, is_final(from) ? from : state::superseded);

    for (auto step : steps) {
      auto failed = s;
      EXPECT_FALSE(run(failed, broken(step)));
      EXPECT_EQ(failed.info.state, from == step ? state::failed : from)
        << "only the step under way can fail";
      auto finished = s;
      EXPECT_FALSE(run(finished, done(step)));
      if (from != step)
        EXPECT_EQ(finished.info.state, from) << "a late answer changes nothing";
      else
        EXPECT_NE(finished.info.state, from);
    }
  }
}

TEST(DeploymentTest, FailureKeepsItsReason) {
  auto s = in(state::building);
  EXPECT_FALSE(run(s, broken(state::building)));
  ASSERT_TRUE(s.info.error);
  EXPECT_EQ(s.info.error->code, cause::build_failed);
  EXPECT_TRUE(has_ended(s));
}

TEST(DeploymentTest, UnknownOneIsNotFound) {
  deployment_data s;
  EXPECT_EQ(error_of(answer(s, get_deployment{})), ec::not_found);
  EXPECT_EQ(error_of(decide(s, cancel_deployment{{"ada", "c"}}, now)), ec::not_found);
}

} // namespace
