// What apps, builds and callers write is theirs: no byte of it may end one of ours.

#include "protocol/json.hpp"
#include "tests/support/deploy_flow.hpp"

using namespace backendim;
using namespace std::chrono_literals;

namespace {

class OutsideTextTest : public test::deploy_flow {
protected:
  /// As a kill and a start.
  void restart() {
    stop_all();
    front->table = {};
    remembered->keep({});
    start();
    for (int i = 0; i < 5; ++i)
      advance(1s);
  }

  caf::expected<app_info> shop() {
    auto reply = ask(caf::actor_cast<app_actor>(at("app/acme/shop")), get_app{});
    return get_soon<app_info>(reply);
  }

  /// Every event can be read, by whoever reads them all.
  void expect_readable() {
    const auto all = store->read_all(1, 1'000);
    ASSERT_TRUE(all) << render(all.error());
    for (const auto& x : *all)
      EXPECT_TRUE(parse_json(x.event.body)) << x.stream << ' ' << x.event.type;
  }

  /// Deploys a release whose task writes *line* and dies.
  deployment_info crash_with(const std::string& line) {
    engine->set_autorun(false);
    const auto id = deploy("crash");
    advance(500ms);
    const auto container = engine->run("acme-shop-v2");
    EXPECT_FALSE(container.empty());
    engine->write_log(container, line);
    engine->die(container, 1);
    advance(3s);
    auto result = end_of(id);
    EXPECT_EQ(result.state, deployment_state::failed);
    engine->set_autorun(true);
    return result;
  }
};

TEST_F(OutsideTextTest, AnAppOutlivesOutputThatIsNotUtf8) {
  end_of(deploy("r1"));
  const auto failed = crash_with("caf\xE9 is closed"); // Latin-1
  ASSERT_TRUE(failed.error);
  EXPECT_EQ(failed.error->evidence.at(0), "caf\uFFFD is closed");
  expect_readable();
  restart();
  EXPECT_EQ(upstreams(), 1u) << "v1 served before the restart";
  const auto after = shop();
  ASSERT_TRUE(after) << render(after.error());
  const auto again = state_of(failed.id);
  ASSERT_TRUE(again.error);
  EXPECT_EQ(again.error->evidence, failed.error->evidence) << "read as it was told";
}

TEST_F(OutsideTextTest, WhatSteersATerminalIsNotKept) {
  end_of(deploy("r1"));
  const auto failed = crash_with("\x1b[31mred\x1b[0m \x9b"
                                 "2J over\r\x07 done");
  ASSERT_TRUE(failed.error);
  EXPECT_EQ(failed.error->evidence.at(0), "red \uFFFD2J over done");
}

TEST_F(OutsideTextTest, ABuildMayFailInAnyAlphabet) {
  end_of(deploy("r1"));
  builder->broken = true;
  builder->says = "npm: caf\xE9\x1b[0m";
  const auto failed = end_of(deploy("r2"));
  ASSERT_EQ(failed.state, deployment_state::failed);
  ASSERT_TRUE(failed.error);
  EXPECT_EQ(failed.error->evidence.at(0), "npm: caf\uFFFD");
  expect_readable();
  restart();
  EXPECT_EQ(upstreams(), 1u);
  EXPECT_TRUE(shop());
}

TEST_F(OutsideTextTest, ARequestIdOfAnyBytesLosesNoApp) {
  EXPECT_EQ(end_of(deploy("caf\xE9\x01")).state, deployment_state::succeeded);
  expect_readable();
  restart();
  EXPECT_EQ(upstreams(), 1u);
  EXPECT_TRUE(shop());
}

} // namespace
