#include "actors/deployment.hpp"
#include "protocol/types.hpp"
#include "tests/support/error_of.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <iterator>
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
  if (to == state::rolled_back) {
    apply(s, deployment_ended{to, caf::none, caf::none, now.now});
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
    EXPECT_EQ(next(s), (step_run{step, 1}));
    EXPECT_FALSE(run(s, done(step)));
  }
  EXPECT_EQ(s.info.state, state::succeeded);
  EXPECT_EQ(next(s), std::nullopt);
  EXPECT_EQ(s.info.image, std::string{"reg/acme/shop@sha256:1"});
  ASSERT_EQ(s.info.steps.size(), 6u);
  for (const auto& step : s.info.steps)
    EXPECT_TRUE(step.ended);
}

/// A deployment whose release gets some of the requests, of 10 s of which something is known.
deployment_data as_canary(bool promoted = false) {
  auto x = task();
  x.config.deploy = deploy_config{};
  x.config.deploy->strategy = deploy_strategy::canary;
  x.config.deploy->canary = canary_config{};
  x.config.deploy->canary->weight = "25%";
  deployment_data s;
  EXPECT_FALSE(run(s, x));
  EXPECT_FALSE(run(s, begin_deployment{{"", "b"}}));
  for (auto step : steps)
    if (s.info.state != state::verifying) {
      auto ended = done(step);
      if (step == state::fetching)
        ended.config = x.config;
      EXPECT_FALSE(run(s, ended));
    }
  EXPECT_FALSE(run(s, begin_canary{2, {}}));
  EXPECT_FALSE(
    run(s, judge_canary{std::chrono::seconds{10}, {40, 1}, {120, 0}, promoted, caf::none, {}}));
  return s;
}

/// A row of the table.
struct row {
  std::string name;
  state in;
  std::function<deployment_data()> make;
};

retry_step again(state step, uint32_t attempt, bool restarted = false) {
  retry_step x;
  x.step = step;
  x.attempt = attempt;
  if (!restarted)
    x.why = failure{cause::registry_unavailable, "the registry is away", {}, ""};
  return x;
}

const std::vector<state> all_states{state::queued,     state::fetching,   state::building,
                                    state::pushing,    state::releasing,  state::verifying,
                                    state::succeeded,  state::failed,     state::cancelled,
                                    state::superseded, state::rolled_back};

struct column {
  std::string title;
  std::function<caf::error(deployment_data&, state)> happen; ///< The state is the one it is in.
};

const std::vector<column>& columns() {
  static const std::vector<column> all{
    {"told again", [](auto& s, state) { return run(s, task()); }},
    {"its turn",
     [](auto& s, state) {
       return run(s, begin_deployment{{"", "b"}});
     }},
    {"the step is done", [](auto& s, state x) { return run(s, done(x)); }},
    {"the step failed", [](auto& s, state x) { return run(s, broken(x)); }},
    {"something is away", [](auto& s, state x) { return run(s, again(x, 1)); }},
    {"restart", [](auto& s, state x) { return run(s, again(x, 1, true)); }},
    {"11th restart",
     [](auto& s, state x) {
       for (uint32_t i = 1; i <= max_restarts; ++i)
         EXPECT_FALSE(run(s, again(x, i, true)));
       return run(s, again(x, max_restarts + 1, true));
     }},
    {"another step's answer",
     [](auto& s, state x) {
       return run(s, done(x == state::fetching ? state::verifying : state::fetching));
     }},
    {"cancel",
     [](auto& s, state) {
       return run(s, cancel_deployment{{"ada", "c"}});
     }},
    {"a newer one",
     [](auto& s, state) {
       return run(s, supersede_deployment{"01JE", {"", "s"}});
     }},
    {"its release is taken back",
     [](auto& s, state) {
       return run(s, roll_back_deployment{{cause::app_crashed, "it crashed", {}, ""}, {"", "v"}});
     }},
    {"its canary begins",
     [](auto& s, state) {
       return run(s, begin_canary{2, {}});
     }},
    {"its canary fails",
     [](auto& s, state) {
       return run(s,
                  judge_canary{{}, {}, {}, false, failure{cause::canary_failed, "", {}, ""}, {}});
     }},
    {"promote",
     [](auto& s, state) {
       return run(s, promote_deployment{{"ada", "p"}});
     }},
  };
  return all;
}

std::string name_of(state x) {
  return boost::describe::enum_to_string(x, "?");
}

std::vector<row> rows() {
  std::vector<row> result;
  for (auto x : all_states) {
    result.push_back({name_of(x), x, [x] { return in(x); }});
    if (x != state::verifying)
      continue;
    result.push_back({"verifying, as a canary", x, [] { return as_canary(); }});
    result.push_back({"verifying, promoted", x, [] { return as_canary(true); }});
  }
  return result;
}

std::string row_of(const deployment_data& s) {
  const auto stage = stage_of(s);
  return name_of(s.info.state)
         + (stage == canary_stage::serving    ? ", as a canary"
            : stage == canary_stage::promoted ? ", promoted"
                                              : "");
}

/// What each state makes of all that can happen.
std::string transitions() {
  std::string result = "| In |", line = "|---|";
  for (const auto& x : columns()) {
    result += " " + x.title + " |";
    line += "---|";
  }
  result += "\n" + line + "\n";
  for (const auto& from : rows()) {
    result += "| " + from.name + " |";
    for (const auto& x : columns()) {
      auto s = from.make();
      const auto before = s.info;
      const auto refused = x.happen(s, from.in);
      const auto to = row_of(s);
      result += refused            ? " refused |"
                : to != from.name  ? " " + to + " |"
                : s.info == before ? " · |"
                                   : " " + to + " again |";
    }
    result += "\n";
  }
  return result;
}

// When this fails for good reason: put what it expected between the page's marks.
TEST(DeploymentTest, WhatTheManualSaysOfEveryStateIsWhatHappens) {
  std::ifstream in{std::string{BACKENDIM_DOCS} + "/deployments.md"};
  const std::string page{std::istreambuf_iterator<char>{in}, {}};
  const std::string begin = "<!-- begin transitions -->\n", end = "<!-- end transitions -->";
  const auto from = page.find(begin), to = page.find(end);
  ASSERT_TRUE(from < to && to != page.npos);
  EXPECT_EQ(page.substr(from + begin.size(), to - from - begin.size()), transitions());
}

TEST(DeploymentTest, AnEndIsAnEnd) {
  for (auto from : all_states)
    for (const auto& x : columns()) {
      auto s = in(from);
      if (!is_final(from))
        continue;
      (void)x.happen(s, from);
      if (s.info.state == state::rolled_back)
        continue; // the one thing that may still become of a success
      EXPECT_EQ(s.info.state, from) << name_of(from) << ": " << x.title;
      EXPECT_EQ(next(s), std::nullopt);
    }
}

TEST(DeploymentTest, CanaryThatFailsIsRolledBackWithWhatWasCountedLast) {
  auto s = as_canary();
  EXPECT_EQ(next(s), (step_run{state::verifying, 1, canary_stage::serving}));
  ASSERT_TRUE(s.info.canary);
  EXPECT_EQ(s.info.canary->weight, "25%");
  EXPECT_EQ(s.info.canary->stable_release, 2u);
  judge_canary bad{std::chrono::seconds{12}, {50, 25}, {150, 0}, false, caf::none, {}};
  bad.error = failure{cause::canary_failed, "25 of 50", {}, ""};
  EXPECT_FALSE(run(s, bad));
  EXPECT_EQ(s.info.state, state::rolled_back);
  EXPECT_EQ(s.info.error->code, cause::canary_failed);
  EXPECT_EQ(s.info.canary->canary, (request_count{50, 25}));
  EXPECT_EQ(next(s), std::nullopt);
}

TEST(DeploymentTest, CanaryIsPromotedOnceAndByWhoeverCameFirst) {
  auto s = as_canary();
  EXPECT_FALSE(run(s, promote_deployment{{"ada", "p"}}));
  EXPECT_EQ(s.info.canary->promoted_by, "ada");
  EXPECT_EQ(next(s), (step_run{state::verifying, 1, canary_stage::promoted}));
  EXPECT_FALSE(run(s, judge_canary{{}, {}, {}, false, failure{}, {}}));
  EXPECT_FALSE(run(s, promote_deployment{{"bob", "q"}}));
  EXPECT_EQ(s.info.canary->promoted_by, "ada");
  EXPECT_FALSE(run(s, done(state::verifying)));
  EXPECT_EQ(s.info.state, state::succeeded);
}

TEST(DeploymentTest, RestartInMidCanaryGoesOnWithIt) {
  auto s = as_canary();
  EXPECT_FALSE(run(s, again(state::verifying, 1, true)));
  EXPECT_EQ(next(s), (step_run{state::verifying, 2, canary_stage::serving}));
  EXPECT_EQ(s.info.canary->canary, (request_count{40, 1}));
  EXPECT_EQ(s.info.canary->observed, std::chrono::seconds{10});
}

TEST(DeploymentTest, WhatServedBeforeIsNotTriedFirst) {
  deployment_data s;
  auto x = task();
  x.copied = release{};
  x.copied->config.deploy = deploy_config{};
  x.copied->config.deploy->strategy = deploy_strategy::canary;
  EXPECT_FALSE(run(s, x));
  EXPECT_EQ(canary_of(s), std::nullopt);
  EXPECT_TRUE(canary_of(as_canary()));
}

TEST(DeploymentTest, CopyOfAReleaseIsNotBuiltAgain) {
  deployment_data s;
  auto x = task();
  x.copied = release{};
  x.copied->image = "reg/acme/shop@sha256:7";
  x.copied->port = 4000;
  x.copied->config.start = "old";
  x.config.health_check = "/up";
  EXPECT_FALSE(run(s, x));
  EXPECT_FALSE(run(s, begin_deployment{{"", "b"}}));
  EXPECT_EQ(next(s), (step_run{state::releasing, 1}));
  EXPECT_EQ(s.info.image, std::string{"reg/acme/shop@sha256:7"});
  EXPECT_EQ(s.config.start, std::string{"old"});
  EXPECT_EQ(s.config.health_check, std::string{"/up"});
}

TEST(DeploymentTest, StepThatIsTriedAgainSaysWhy) {
  auto s = in(state::pushing);
  EXPECT_FALSE(run(s, again(state::pushing, 1)));
  EXPECT_EQ(next(s), (step_run{state::pushing, 2}));
  ASSERT_TRUE(s.info.steps.back().why);
  EXPECT_EQ(s.info.steps.back().why->code, cause::registry_unavailable);
  EXPECT_FALSE(run(s, again(state::pushing, 1)));
  EXPECT_EQ(next(s), (step_run{state::pushing, 2})) << "the report of an older attempt";
}

TEST(DeploymentTest, OnlyWhatMayComeBackIsWaitedFor) {
  const auto with = [](ec code, cause why) { return make_failure(code, {why, "", {}, ""}); };
  EXPECT_TRUE(is_temporary(with(ec::unavailable, cause::registry_unavailable)));
  EXPECT_TRUE(is_temporary(caf::make_error(ec::unavailable, "the queue stopped")));
  EXPECT_FALSE(is_temporary(with(ec::unavailable, cause::registry_full)));
  EXPECT_FALSE(is_temporary(disk_full("cannot write")));
  EXPECT_FALSE(is_temporary(with(ec::build_failed, cause::build_failed)));
  EXPECT_FALSE(is_temporary(caf::make_error(ec::timed_out, "deadline")));
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
