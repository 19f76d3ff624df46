#include "tests/e2e/leftovers.hpp"
#include "tests/e2e/world.hpp"
#include "tests/support/eventually.hpp"

#include <boost/json.hpp>

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <future>
#include <string>
#include <vector>

using namespace backendim;
namespace json = boost::json;

namespace {

/// One app with a secret variable, for all of these tests.
class OneOffTest : public ::testing::Test {
protected:
  static void SetUpTestSuite() {
    const auto source = e2e::copy_of("dockerfile", "once");
    std::ofstream{source / "Dockerfile"} << "FROM web:12\nEXPOSE 8080\n";
    std::ofstream{source / "backend-im.yml"}
      << "name: once\nenv: {KEY: '${SECRET:KEY}', TZ: UTC}\n";
    ASSERT_EQ(e2e::cli({"secret", "set", "KEY=hunter22", "--app", "once"}).exit_code, 0);
    const auto deployed = e2e::cli({"deploy"}, source);
    ASSERT_EQ(deployed.exit_code, 0) << deployed.err;
  }
  static void TearDownTestSuite() {
    EXPECT_EQ(e2e::cli({"destroy", "once", "--confirm", "once"}).exit_code, 0);
    EXPECT_EQ(e2e::leftovers(), "");
  }

  static e2e::run_result run(std::vector<std::string> command,
                             std::vector<std::string> flags = {}) {
    std::vector<std::string> words{"run", "--app", "once"};
    words.insert(words.end(), flags.begin(), flags.end());
    words.emplace_back("--");
    words.insert(words.end(), command.begin(), command.end());
    return e2e::cli(words);
  }
  static std::string started(std::vector<std::string> command) {
    auto id = run(std::move(command), {"--detach"}).out;
    id.resize(id.find_last_not_of('\n') + 1);
    return id;
  }
  static json::object info(const std::string& id) {
    return json::parse(e2e::api("/v1/apps/once/tasks/" + id).body).as_object();
  }
  static std::string state_of(const std::string& id) {
    const auto x = info(id);
    return x.contains("state") ? std::string{x.at("state").as_string()} : "";
  }
  static std::string docker(const std::string& words) {
    return e2e::run({"sh", "-c",
                     std::string{"docker -H unix://"} + std::getenv("BACKENDIM_DOCKER_SOCKET") + " "
                       + words})
      .out;
  }
  static std::string services() { return docker("service ls --format '{{.Name}}' | grep ^task-"); }
  static std::string containers() { return docker("ps -q --filter name=task-"); }
  /// Waits until the command has printed so many lines, or has ended.
  static void await_lines(int number) {
    EXPECT_TRUE(test::eventually([&] {
      const auto container = e2e::first_line(containers());
      return container.empty()
             || std::atoi(docker("logs " + container + " | wc -l").c_str()) >= number;
    }));
  }
};

TEST_F(OneOffTest, OutputAndExitCodeAreThoseOfTheCommand) {
  const auto x = run({"sh", "-c", "echo hi; echo oh >&2; exit 3"});
  EXPECT_EQ(x.exit_code, 3) << x.err;
  EXPECT_EQ(x.out, "hi\n");
  EXPECT_EQ(x.err, "oh\n");
  EXPECT_TRUE(test::eventually([] { return services().empty(); })) << services();
}

TEST_F(OneOffTest, ItHasTheEnvironmentOfTheAppAndItsSecretsStayUnseen) {
  const auto x = run({"sh", "-c", "test \"$KEY\" = hunter22 && echo $TZ $PORT $KEY"});
  EXPECT_EQ(x.exit_code, 0) << x.err;
  EXPECT_EQ(x.out, "UTC 8080 [secret KEY]\n");
  const auto root = run({"sh", "-c", "touch /here"});
  EXPECT_NE(root.exit_code, 0) << "its root is as read-only as the app's";
}

TEST_F(OneOffTest, JsonEndsWithTheResult) {
  const auto x = run({"sh", "-c", "echo hi; exit 4"}, {"--json"});
  EXPECT_EQ(x.exit_code, 4);
  const auto last = x.out.rfind('\n', x.out.size() - 2);
  const auto result = json::parse(x.out.substr(last + 1)).as_object();
  EXPECT_EQ(result.at("type"), "result");
  EXPECT_EQ(result.at("exit_code"), 4);
  const auto log = e2e::cli({"logs", "once", "--task", std::string{result.at("task").as_string()}});
  EXPECT_EQ(log.out, "hi\n");
  EXPECT_NE(e2e::cli({"ps", "once"}).out.find("echo hi; exit 4"), std::string::npos);
}

/// Not a line is lost or told twice, nor is the command begun again, whatever becomes of the
/// platform meanwhile.
TEST_F(OneOffTest, ItSurvivesRestartsAndTheDeathOfThePlatform) {
  auto& daemon = e2e::daemon_process::instance();
  auto running = std::async(std::launch::async, [] {
    return run({"sh", "-c",
                "i=0; while [ $i -lt 80 ]; do echo line $i; i=$((i+1)); sleep 0.25; "
                "done; exit 5"});
  });
  ASSERT_TRUE(test::eventually([] { return !containers().empty(); }));
  await_lines(8);
  daemon.restart_in_place();
  await_lines(20);
  daemon.kill();
  await_lines(30);
  daemon.start();
  const auto x = running.get();
  std::string expected;
  for (int i = 0; i < 80; ++i)
    expected += "line " + std::to_string(i) + "\n";
  EXPECT_EQ(x.out, expected) << x.err;
  EXPECT_EQ(x.exit_code, 5) << x.err;
  EXPECT_TRUE(test::eventually([] { return services().empty(); })) << services();
}

TEST_F(OneOffTest, WhatEndsWhileThePlatformIsDeadIsKnownAfterwards) {
  auto& daemon = e2e::daemon_process::instance();
  const auto id
    = started({"sh", "-c", "echo begin; { sleep 4545; } 2>/dev/null; echo end; exit 6"});
  ASSERT_TRUE(test::eventually([&] {
    return e2e::cli({"logs", "once", "--task", id}).out == "begin\n";
  }));
  daemon.kill();
  EXPECT_EQ(e2e::run({"pkill", "-f", "^sleep 4545$"}).exit_code, 0);
  EXPECT_TRUE(test::eventually([] { return containers().empty(); }));
  daemon.start();
  EXPECT_TRUE(test::eventually([&] { return state_of(id) == "exited"; })) << state_of(id);
  EXPECT_EQ(info(id).at("exit_code"), 6);
  EXPECT_EQ(e2e::cli({"logs", "once", "--task", id}).out, "begin\nend\n");
  EXPECT_TRUE(test::eventually([] { return services().empty(); })) << services();
}

TEST_F(OneOffTest, CancelLeavesNothing) {
  const auto id = started({"sh", "-c", "trap 'echo bye; exit 0' TERM; echo up; sleep 1000 & wait"});
  ASSERT_TRUE(test::eventually([&] {
    return e2e::cli({"logs", "once", "--task", id}).out == "up\n";
  }));
  EXPECT_EQ(e2e::cli({"tasks", "cancel", id, "--app", "once"}).exit_code, 0);
  EXPECT_TRUE(test::eventually([&] { return state_of(id) == "cancelled"; })) << state_of(id);
  EXPECT_EQ(e2e::cli({"logs", "once", "--task", id}).out, "up\nbye\n");
  EXPECT_TRUE(test::eventually([] { return services().empty(); })) << services();
  EXPECT_EQ(e2e::cli({"tasks", "cancel", id, "--app", "once"}).exit_code, 0) << "once more";
}

TEST_F(OneOffTest, CtrlCEndsTheCommand) {
  const auto folder = e2e::copy_of("static", "interrupted");
  auto running = std::async(std::launch::async, [&] {
    return e2e::run({"sh", "-c", "echo $$ >pid; exec \"$@\"", "sh", BACKENDIM_CLI, "run", "--app",
                     "once", "--", "sleep", "1000"},
                    folder);
  });
  EXPECT_TRUE(test::eventually([] { return !containers().empty(); }));
  pid_t pid = 0;
  std::ifstream{folder / "pid"} >> pid;
  ASSERT_GT(pid, 1);
  ::kill(pid, SIGINT);
  const auto x = running.get();
  EXPECT_EQ(x.exit_code, 130) << x.err;
  EXPECT_TRUE(test::eventually([] { return services().empty(); })) << services();
}

TEST_F(OneOffTest, TheLimitIsThePlatforms) {
  const auto x = run({"sleep", "1000"}, {"--timeout", "3"});
  EXPECT_EQ(x.exit_code, 1);
  EXPECT_NE(x.err.find("took longer"), std::string::npos) << x.err;
}

TEST_F(OneOffTest, WhatCannotRunSaysSo) {
  const auto x = run({"no-such-program"});
  EXPECT_NE(x.exit_code, 0);
  EXPECT_NE(x.err.find("no-such-program"), std::string::npos) << x.err;
  ASSERT_EQ(e2e::cli({"secret", "set", "K=value-of-new", "--app", "unborn"}).exit_code, 0);
  const auto none = e2e::cli({"run", "--app", "unborn", "--", "true"});
  EXPECT_EQ(none.exit_code, 1);
  EXPECT_NE(none.err.find("deploy it first"), std::string::npos) << none.err;
  EXPECT_EQ(e2e::cli({"destroy", "unborn", "--confirm", "unborn"}).exit_code, 0);
  EXPECT_EQ(e2e::cli({"run", "--app", "nobody-knows", "--", "true"}).exit_code, 4);
}

TEST_F(OneOffTest, TooManyAtOnceAreTurnedAway) {
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i)
    ids.push_back(started({"sleep", "1000"}));
  const auto sixth
    = e2e::api("/v1/apps/once/tasks", {"-i", "-X", "POST", "-H", "Content-Type: application/json",
                                       "--data-binary", R"({"command":["true"]})"});
  EXPECT_EQ(sixth.status, 429) << sixth.body;
  EXPECT_NE(sixth.body.find("Retry-After: "), std::string::npos) << sixth.body;
  for (const auto& id : ids)
    EXPECT_EQ(e2e::cli({"tasks", "cancel", id, "--app", "once"}).exit_code, 0);
  for (const auto& id : ids)
    EXPECT_TRUE(test::eventually([&] { return state_of(id) == "cancelled"; })) << state_of(id);
}

/// Another tenant finds neither a task nor its output.
TEST_F(OneOffTest, AForeignTenantIsRefused) {
  const auto id = started({"echo", "for-main-only"});
  ASSERT_TRUE(test::eventually([&] { return state_of(id) == "exited"; }));
  auto token = e2e::cli({"admin", "token", "evil", "eve-once", "--may", "deploy"}).out;
  token.resize(token.find_last_not_of('\n') + 1);
  const std::string at = "http://127.0.0.1:7780/v1/apps/once/tasks";
  const auto as_eve = [&](const std::string& url, std::vector<std::string> more) {
    more.insert(more.end(), {"-H", "Authorization: Bearer " + token, "-m", "20"});
    return e2e::get(url, more);
  };
  EXPECT_EQ(as_eve(at + "/" + id, {}).status, 404);
  EXPECT_EQ(as_eve(at + "/" + id + "/logs", {}).status, 404);
  EXPECT_EQ(as_eve(at + "/" + id, {"-X", "DELETE"}).status, 404);
  EXPECT_EQ(as_eve("http://127.0.0.1:7780/v1/actors/task/main/" + id, {}).status, 404);
  EXPECT_EQ(as_eve(at, {"-X", "POST", "-H", "Content-Type: application/json", "--data-binary",
                        R"({"command":["true"]})"})
              .status,
            404);
  EXPECT_EQ(e2e::api("/v1/apps/other/tasks/" + id).status, 404) << "it is of another app";
}

} // namespace
