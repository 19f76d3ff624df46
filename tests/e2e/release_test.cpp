#include "tests/e2e/small_app.hpp"
#include "tests/e2e/world.hpp"
#include "tests/support/eventually.hpp"

#include <boost/json.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <string>

using namespace backendim;
namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

TEST(ReleaseTest, RollbackBringsAnEarlierReleaseBackAsANewOne) {
  const e2e::small_app x{"turns"};
  x.write("one");
  ASSERT_EQ(x.deploy().exit_code, 0);
  x.write("two", "", "env: {MOOD: good}\n");
  ASSERT_EQ(x.deploy().exit_code, 0);
  EXPECT_EQ(x.shown(), "two");
  const auto back = x.say({"rollback"});
  EXPECT_EQ(back.exit_code, 0) << back.err;
  EXPECT_EQ(back.out, e2e::url_of("turns") + "\n");
  EXPECT_EQ(x.shown(), "one");
  const auto list = x.say({"releases"});
  EXPECT_NE(list.out.find("v3       live"), std::string::npos) << list.out;
  EXPECT_NE(list.out.find("copy of v1"), std::string::npos) << list.out;
  EXPECT_NE(x.say({"diff", "v1", "v2"}).out.find("/config/env/MOOD"), std::string::npos);
  EXPECT_EQ(x.say({"rollback", "v2"}).exit_code, 0);
  EXPECT_EQ(x.shown(), "two");
  const auto far = x.say({"rollback", "v99"});
  EXPECT_EQ(far.exit_code, 4) << far.err;
  EXPECT_NE(far.err.find("kept are v1, v2"), std::string::npos) << far.err;
}

TEST(ReleaseTest, CrashSoonAfterTheSwitchIsTakenBackWithItsReason) {
  const e2e::small_app x{"fragile"};
  x.write("steady");
  ASSERT_EQ(x.deploy().exit_code, 0);
  x.write_handler("if (q.url == '/fire') { console.error('the disk caught fire'); process.exit(3) }"
                  " s.end('doomed')",
                  "deploy: {watch: 600}\n");
  ASSERT_EQ(x.deploy().exit_code, 0);
  EXPECT_EQ(x.shown(), "doomed");
  ASSERT_TRUE(test::eventually([&] {
    (void)e2e::get(e2e::url_of("fragile") + "/fire");
    return x.shown() != "doomed";
  }));
  EXPECT_TRUE(test::eventually([&] { return x.state_of_latest() == "rolled_back"; }));
  EXPECT_EQ(x.shown(), "steady");
  const auto status = x.say({"status", std::string{x.info().at("latest").as_string()}});
  EXPECT_NE(status.out.find("the disk caught fire"), std::string::npos) << status.out;
  EXPECT_NE(x.say({"releases"}).out.find("taken back"), std::string::npos);
}

TEST(ReleaseTest, TooMuchMemoryWhileWatchedIsTakenBackAndNamed) {
  const e2e::small_app x{"hungry"};
  x.write("modest");
  ASSERT_EQ(x.deploy().exit_code, 0);
  x.write_handler("if (q.url == '/eat') setInterval(() => all.push(Buffer.alloc(64 << 20, 1)), 20);"
                  " s.end('greedy')",
                  "deploy: {watch: 600}\n", "const all = [];");
  ASSERT_EQ(x.deploy().exit_code, 0);
  EXPECT_TRUE(test::eventually([&] {
    (void)e2e::get(e2e::url_of("hungry") + "/eat");
    return x.state_of_latest() == "rolled_back";
  }));
  const auto status = x.say({"status", std::string{x.info().at("latest").as_string()}});
  EXPECT_NE(status.out.find("app_out_of_memory"), std::string::npos) << status.out;
  EXPECT_EQ(x.shown(), "modest");
}

TEST(ReleaseTest, ReleaseCommandRunsFirstAndItsFailureChangesNothing) {
  const e2e::small_app x{"migrating"};
  x.write("before");
  ASSERT_EQ(x.deploy().exit_code, 0);
  x.write("after", "", "deploy: {release_command: 'echo no such column >&2; exit 7'}\n");
  const auto failed = x.deploy();
  EXPECT_EQ(failed.exit_code, 1);
  EXPECT_NE(failed.err.find("release_command_failed"), std::string::npos) << failed.err;
  EXPECT_NE(failed.err.find("no such column"), std::string::npos) << failed.err;
  EXPECT_EQ(x.shown(), "before");
  x.write("after", "", "deploy: {release_command: 'test \"$PORT\" = 3000'}\n");
  const auto done = x.deploy();
  EXPECT_EQ(done.exit_code, 0) << done.err;
  EXPECT_EQ(x.shown(), "after");
}

TEST(ReleaseTest, ScaleStopStartAndPsSayAndDoTheSame) {
  const e2e::small_app x{"elastic"};
  x.write("here");
  ASSERT_EQ(x.deploy().exit_code, 0);
  EXPECT_EQ(x.say({"scale", "3"}).exit_code, 0);
  const auto ready = [&] {
    const auto tasks = json::parse(e2e::api("/v1/apps/elastic/tasks").body);
    return tasks.at("ready").as_array().size();
  };
  EXPECT_TRUE(test::eventually([&] { return ready() == 3; })) << x.say({"ps"}).out;
  EXPECT_EQ(x.say({"stop"}).exit_code, 0);
  EXPECT_TRUE(test::eventually([&] { return x.shown().find("is stopped") != std::string::npos; }))
    << x.shown();
  EXPECT_EQ(x.say({"start"}).exit_code, 0);
  EXPECT_TRUE(test::eventually([&] { return x.shown() == "here"; })) << x.say({"ps"}).out;
  EXPECT_EQ(x.say({"scale", "auto"}).exit_code, 0);
  EXPECT_TRUE(test::eventually([&] { return ready() == 1; })) << x.say({"ps"}).out;
  EXPECT_EQ(x.say({"restart"}).exit_code, 0);
  EXPECT_EQ(x.shown(), "here");
}

} // namespace
