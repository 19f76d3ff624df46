// The shortest whole way, by the programs a user has: what must hold on every commit.

#include "tests/e2e/leftovers.hpp"
#include "tests/e2e/mistake.hpp"
#include "tests/e2e/small_app.hpp"
#include "tests/e2e/world.hpp"
#include "tests/support/eventually.hpp"

#include <boost/json.hpp>

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

using namespace backendim;
namespace fs = std::filesystem;
namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

struct sample {
  const char* name;
  const char* file; ///< That has its greeting.
  friend void PrintTo(const sample& x, std::ostream* out) { *out << x.name; }
};

class SmokeTest : public ::testing::TestWithParam<sample> {};

TEST_P(SmokeTest, DeploysShowsAChangeAndGoesWithoutATrace) {
  const std::string app = GetParam().name;
  const auto greeting = "Hello from " + app;
  const auto source = e2e::copy_of(app, app);
  const auto plan = e2e::cli({"plan"}, source);
  EXPECT_EQ(plan.exit_code, 0) << plan.err;
  const auto begun = e2e::cli({"init", "--yes"}, source);
  ASSERT_EQ(begun.exit_code, 0) << begun.err;
  EXPECT_TRUE(fs::exists(source / "backend-im.yml"));

  const auto deployed = e2e::cli({"deploy"}, source);
  ASSERT_EQ(deployed.exit_code, 0) << deployed.err;
  ASSERT_EQ(deployed.out, e2e::url_of(app) + "\n") << "exactly the URL";
  auto answer = e2e::get(e2e::url_of(app) + "/");
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(answer.body.find(greeting), std::string::npos) << answer.body;

  ASSERT_NO_FATAL_FAILURE(
    e2e::replace_in(source / GetParam().file, greeting, "Good day from " + app));
  const auto again = e2e::cli({"deploy"}, source);
  ASSERT_EQ(again.exit_code, 0) << again.err;
  answer = e2e::get(e2e::url_of(app) + "/");
  EXPECT_NE(answer.body.find("Good day from " + app), std::string::npos) << answer.body;

  const auto status = e2e::cli({"status"}, source);
  EXPECT_EQ(status.exit_code, 0) << status.err;
  EXPECT_NE(status.out.find("v2"), std::string::npos) << status.out;
  const auto apps = e2e::cli({"apps"});
  EXPECT_NE(apps.out.find(e2e::url_of(app)), std::string::npos) << apps.out;
  EXPECT_EQ(e2e::cli({"logs"}, source).exit_code, 0);

  const auto gone = e2e::cli({"destroy", app, "--confirm", app});
  EXPECT_EQ(gone.exit_code, 0) << gone.err;
  EXPECT_EQ(e2e::get(e2e::url_of(app) + "/").status, 404);
  EXPECT_EQ(e2e::leftovers(), "");
}

INSTANTIATE_TEST_SUITE_P(All, SmokeTest,
                         ::testing::Values(sample{"express", "index.js"}, sample{"flask", "app.py"},
                                           sample{"static", "index.html"},
                                           sample{"dockerfile-node", "server.js"}),
                         [](const auto& one) {
                           std::string name = one.param.name;
                           std::erase(name, '-');
                           return name;
                         });

class SmokeMistakeTest : public ::testing::TestWithParam<e2e::mistake> {
protected:
  static void SetUpTestSuite() {
    const auto deployed = e2e::cli({"deploy", "--app", "steady"}, e2e::samples() / "express");
    ASSERT_EQ(deployed.exit_code, 0) << deployed.err;
  }
  static void TearDownTestSuite() {
    EXPECT_EQ(e2e::cli({"destroy", "steady", "--confirm", "steady"}).exit_code, 0);
  }
};

TEST_P(SmokeMistakeTest, IsToldWithItsCauseAndTheOldReleaseServes) {
  e2e::expect_told("steady", GetParam());
  const auto latest
    = std::string{json::parse(e2e::api("/v1/apps/steady").body).at("latest").as_string()};
  EXPECT_EQ(json::parse(e2e::api("/v1/deployments/" + latest).body).at("state"), "failed");
  EXPECT_EQ(e2e::get(e2e::url_of("steady") + "/").body, "Hello from express");
}

INSTANTIATE_TEST_SUITE_P(All, SmokeMistakeTest,
                         ::testing::Values(e2e::mistake{"syntax-error", "app_crashed",
                                                        "SyntaxError"},
                                           e2e::mistake{"wrong-port", "wrong_port", "port 4000"},
                                           e2e::mistake{"failing-install", "build_failed", "404"}),
                         [](const auto& one) {
                           std::string name = one.param.folder;
                           std::erase(name, '-');
                           return name;
                         });

TEST(SmokeKillTest, ADeployInTheMiddleEndsTruthfullyAndAppsAnswerAgain) {
  auto& daemon = e2e::daemon_process::instance();
  const e2e::small_app standing{"standing"}, carried{"carried"};
  standing.write("still here");
  ASSERT_EQ(standing.deploy().exit_code, 0);
  carried.write("made it");
  const auto started = carried.say({"deploy", "--detach"});
  ASSERT_EQ(started.exit_code, 0) << started.err;
  ASSERT_TRUE(test::eventually([&] { return carried.state_of_latest() == "building"; }));
  daemon.kill();
  daemon.start();
  EXPECT_TRUE(test::eventually([&] { return standing.shown() == "still here"; }));
  const auto id = e2e::first_line(started.out);
  (void)e2e::api("/v1/deployments/" + id + "/events", {"-m", "300"}); // ends with the deployment
  EXPECT_EQ(carried.state_of_latest(), "succeeded");
  EXPECT_EQ(carried.shown(), "made it");
  for (const auto* app : {"standing", "carried"})
    EXPECT_EQ(e2e::cli({"destroy", app, "--confirm", app}).exit_code, 0);
  EXPECT_EQ(e2e::leftovers(), "");
}

} // namespace
