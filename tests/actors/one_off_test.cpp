#include "actors/app.hpp"
#include "actors/one_off.hpp"
#include "actors/release_tasks.hpp"
#include "protocol/types.hpp"
#include "tests/support/error_of.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

using namespace backendim;
using namespace std::chrono_literals;
using test::error_of;
using state = one_off_state;

namespace {

const moment now{caf::timestamp{caf::timespan{1'000}}, "01J00000000000000000000000"};

template <class State, class Command>
caf::error run(State& s, const Command& x, const moment& m = now) {
  auto events = decide(s, x, m);
  if (!events)
    return events.error();
  for (const auto& event : *events)
    std::visit([&](const auto& e) { apply(s, e); }, event);
  return {};
}

create_one_off work() {
  create_one_off x;
  x.id = "01JT";
  x.what.tenant = "acme";
  x.what.app = "shop";
  x.what.release = 3;
  x.command = {"true"};
  x.limit = 60s;
  x.meta = {"ada", "r1"};
  return x;
}

one_off_data in(state where) {
  one_off_data s;
  run(s, work());
  if (where == state::running)
    run(s, begin_one_off{});
  if (where == state::stopping || where == state::cancelled)
    run(s, cancel_one_off{});
  if (where == state::cancelled)
    run(s, end_one_off{true, caf::none, false, caf::none, {}});
  if (where == state::timed_out) {
    run(s, expire_one_off{});
    run(s, end_one_off{true, caf::none, false, caf::none, {}});
  }
  if (where == state::exited)
    run(s, end_one_off{false, 3, false, caf::none, {}});
  if (where == state::failed)
    run(s, end_one_off{false, caf::none, false, failure{}, {}});
  return s;
}

/// Where each command leads from each state.
TEST(OneOffTest, EverythingThatCanHappen) {
  using s = state;
  const std::vector<s> from{s::starting,  s::running,   s::stopping, s::exited,
                            s::cancelled, s::timed_out, s::failed};
  struct row {
    const char* what;
    std::function<caf::error(one_off_data&)> happens;
    std::vector<s> to;
  };
  const end_one_off by_itself{false, 0, false, caf::none, {}};
  const end_one_off broken{false, caf::none, false, failure{}, {}};
  const end_one_off made_to{true, caf::none, false, caf::none, {}};
  const std::vector<row> rows{
    {"told again", [](auto& x) { return run(x, work()); }, from},
    {"made",
     [](auto& x) { return run(x, begin_one_off{}); },
     {s::running, s::running, s::stopping, s::exited, s::cancelled, s::timed_out, s::failed}},
    {"cancel",
     [](auto& x) {
       (void)run(x, cancel_one_off{});
       return caf::error{};
     },
     {s::stopping, s::stopping, s::stopping, s::exited, s::cancelled, s::timed_out, s::failed}},
    {"too late",
     [](auto& x) { return run(x, expire_one_off{}); },
     {s::stopping, s::stopping, s::stopping, s::exited, s::cancelled, s::timed_out, s::failed}},
    {"ends by itself",
     [&](auto& x) { return run(x, by_itself); },
     {s::exited, s::exited, s::stopping, s::exited, s::cancelled, s::timed_out, s::failed}},
    {"cannot be started",
     [&](auto& x) { return run(x, broken); },
     {s::failed, s::failed, s::stopping, s::exited, s::cancelled, s::timed_out, s::failed}},
    {"was made to end",
     [&](auto& x) { return run(x, made_to); },
     {s::starting, s::running, s::cancelled, s::exited, s::cancelled, s::timed_out, s::failed}},
  };
  for (const auto& x : rows)
    for (size_t i = 0; i < from.size(); ++i) {
      auto data = in(from[i]);
      ASSERT_EQ(data.info.state, from[i]);
      EXPECT_FALSE(x.happens(data)) << x.what;
      EXPECT_EQ(data.info.state, x.to[i]) << x.what << " in " << static_cast<int>(from[i]);
    }
}

TEST(OneOffTest, WhatHasEndedCannotBeCancelled) {
  auto s = in(state::exited);
  EXPECT_EQ(run(s, cancel_one_off{}), ec::conflict);
  EXPECT_EQ(*s.info.exit_code, 3);
  one_off_data nobody;
  EXPECT_EQ(run(nobody, cancel_one_off{}), ec::not_found);
  EXPECT_EQ(error_of(answer(nobody, get_one_off{})), ec::not_found);
}

TEST(OneOffTest, ItsTimeCountsFromItsCreation) {
  const auto s = in(state::running);
  EXPECT_EQ(time_left(s, now.now + 59s), 1s);
  EXPECT_EQ(time_left(s, now.now + 3600s), 0s);
}

/// An app whose release v2 is live.
class AppOneOffTest : public ::testing::Test {
protected:
  app_state s = [] {
    app_state x;
    x.tenant = "acme";
    x.app = "shop";
    x.exists = true;
    release live;
    live.number = 2;
    live.image = "registry/acme/shop@sha256:2";
    live.port = 3000;
    live.config.env = std::map<std::string, std::string>{{"TZ", "UTC"}};
    live.secrets = {{"K", 1, "sealed"}};
    x.live = live;
    return x;
  }();
  int ids = 0;

  static start_one_off command(const std::string& request) {
    start_one_off x;
    x.command = {"npm", "run", "migrate"};
    x.meta = {"ada", request};
    return x;
  }
  caf::error start(const start_one_off& x) {
    moment m = now;
    m.fresh_id = "01J" + std::to_string(++ids);
    return run(s, x, m);
  }
};

TEST_F(AppOneOffTest, ItRunsAsTheLiveReleaseDoes) {
  ASSERT_FALSE(start(command("r1")));
  const auto& made = s.one_offs.at("01J1");
  EXPECT_EQ(made.what.service, "task-01j1");
  EXPECT_EQ(made.what.image, s.live->image);
  EXPECT_EQ(made.what.env.at("TZ"), "UTC");
  EXPECT_EQ(made.what.env.at("PORT"), "3000");
  EXPECT_EQ(made.what.secrets.items, s.live->secrets);
  EXPECT_EQ(made.what.command, command("").command);
  EXPECT_TRUE(made.what.once);
  EXPECT_EQ(made.limit, 1h);
}

TEST_F(AppOneOffTest, ARepeatedRequestRunsNothingTwice) {
  ASSERT_FALSE(start(command("r1")));
  EXPECT_FALSE(start(command("r1")));
  EXPECT_EQ(s.one_offs.size(), 1u);
  EXPECT_EQ(answer(s, command("r1"))->id, "01J1");
  auto other = command("r1");
  other.command = {"false"};
  EXPECT_EQ(start(other), ec::conflict);
  one_off_info ended;
  ended.id = "01J1";
  ended.state = state::exited;
  EXPECT_FALSE(run(s, conclude_one_off{ended, {}}));
  EXPECT_FALSE(start(command("r1")));
  EXPECT_TRUE(s.one_offs.empty());
  EXPECT_EQ(answer(s, command("r1"))->state, state::exited);
}

TEST_F(AppOneOffTest, TooManyAreTurnedAwayUntilOneEnds) {
  for (size_t i = 0; i < max_one_offs; ++i)
    ASSERT_FALSE(start(command("r" + std::to_string(i))));
  const auto why = start(command("one more"));
  EXPECT_EQ(why, ec::over_quota);
  EXPECT_GT(why.context().get_as<admission_refusal>(0).retry_after, 0s);
  one_off_info ended;
  ended.id = "01J1";
  EXPECT_FALSE(run(s, conclude_one_off{ended, {}}));
  EXPECT_FALSE(start(command("one more")));
}

TEST_F(AppOneOffTest, WithoutALiveReleaseThereIsNothingToRunIn) {
  s.live.reset();
  EXPECT_EQ(start(command("r1")), ec::conflict);
  s.exists = false;
  EXPECT_EQ(start(command("r2")), ec::not_found);
}

TEST_F(AppOneOffTest, WhatIsNoCommandIsRefused) {
  auto x = command("r1");
  x.command = {};
  EXPECT_EQ(start(x), ec::invalid_request);
  x.command = {""};
  EXPECT_EQ(start(x), ec::invalid_request);
  x.command = {std::string("a\0b", 3)};
  EXPECT_EQ(start(x), ec::invalid_request);
  x.command = {std::string(40'000, 'x')};
  EXPECT_EQ(start(x), ec::too_large);
  x = command("r1");
  x.timeout = 86'401;
  EXPECT_EQ(start(x), ec::invalid_request);
}

TEST_F(AppOneOffTest, ItsServiceIsNoOrphanAndItsImageAndLogStay) {
  ASSERT_FALSE(start(command("r1")));
  s.live->number = 3; // another release went live
  s.live->image = "registry/acme/shop@sha256:3";
  compare_services found;
  found.found = {{"acme-shop-v3", "acme", "shop", 3, 1}, {"task-01j1", "acme", "shop", 2, 1}};
  EXPECT_TRUE(answer(s, found)->items.empty());
  const auto kept = *answer(s, get_retained{});
  EXPECT_EQ(std::ranges::count(kept.images, "registry/acme/shop@sha256:2"), 1);
  EXPECT_EQ(std::ranges::count(kept.released, "01J1"), 1);
  one_off_info ended;
  ended.id = "01J1";
  EXPECT_FALSE(run(s, conclude_one_off{ended, {}}));
  ASSERT_EQ(answer(s, found)->items.size(), 1u);
  EXPECT_EQ(answer(s, found)->items[0].what, drift::orphan);
  EXPECT_EQ(std::ranges::count(answer(s, get_retained{})->released, "01J1"), 1);
}

} // namespace
