#include "tests/e2e/leftovers.hpp"
#include "tests/e2e/world.hpp"
#include "tests/support/eventually.hpp"

#include <boost/json.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <future>
#include <iostream>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

using namespace backendim;
namespace fs = std::filesystem;
namespace json = boost::json;
using namespace std::chrono_literals;

// What these tests do in CI is short. BACKENDIM_CRASH=long walks every boundary and kills 200
// times.

namespace {

bool thorough() {
  const auto* value = std::getenv("BACKENDIM_CRASH");
  return value && std::string{value} == "long";
}

/// An app whose page says how often it was changed.
class changing_app {
public:
  explicit changing_app(std::string name)
    : name_{std::move(name)}, folder_{e2e::copy_of("static", name_)} {}

  const std::string& name() const { return name_; }

  std::string change() {
    const auto page = "version " + std::to_string(++version_);
    std::ofstream{folder_ / "index.html"} << page << '\n';
    return page;
  }

  e2e::run_result deploy(bool detached = false) const {
    std::vector<std::string> arguments{"deploy", "--app", name_};
    if (detached)
      arguments.emplace_back("--detach");
    return e2e::cli(std::move(arguments), folder_);
  }

  std::string shown() const { return e2e::get(e2e::url_of(name_) + "/").body; }

  bool shows(const std::string& page) const {
    return test::eventually([&] { return shown() == page; });
  }

private:
  std::string name_;
  fs::path folder_;
  int version_ = 0;
};

std::string state_of(const std::string& deployment) {
  const auto answer = e2e::api("/v1/deployments/" + deployment);
  json::error_code failed;
  const auto value = json::parse(answer.body, failed);
  const auto* state
    = failed || !value.is_object() ? nullptr : value.as_object().if_contains("state");
  return state && state->is_string() ? std::string{state->as_string()} : answer.body;
}

bool is_end(const std::string& state) {
  static const std::set<std::string> ends{"succeeded", "failed", "cancelled", "superseded",
                                          "rolled_back"};
  return ends.contains(state);
}

/// The places of a deploy around which the daemon is killed.
std::vector<std::string> boundaries() {
  if (!thorough())
    return {"before deployment_accepted", "after deployment_accepted",  "after step_began building",
            "after image_pushed",         "after step_began verifying", "before deployment_ended",
            "after deployment_ended",     "after deployment_concluded"};
  std::vector<std::string> result;
  for (const auto* when : {"before ", "after "})
    for (const auto* what :
         {"deployment_accepted", "deployment_created", "step_began fetching", "source_fetched",
          "step_began building", "step_began pushing", "image_pushed", "step_began releasing",
          "step_began verifying", "deployment_ended", "deployment_concluded", "release_retired"})
      result.push_back(std::string{when} + what);
  return result;
}

class CrashTest : public ::testing::TestWithParam<std::string> {
protected:
  e2e::daemon_process& daemon = e2e::daemon_process::instance();

  static changing_app& app() {
    static changing_app one{"phoenix"};
    return one;
  }

  void die_at(const std::string& place) {
    daemon.stop();
    daemon.start_to_die(place);
  }
};

TEST_P(CrashTest, DeploymentIsCarriedOn) {
  auto& x = app();
  if (x.shown().find("version") == std::string::npos) {
    x.change();
    ASSERT_EQ(x.deploy().exit_code, 0);
  }
  const auto page = x.change();
  die_at(GetParam());
  auto deployed = std::async(std::launch::async, [&] { return x.deploy(); });
  ASSERT_TRUE(daemon.dies()) << "it never came to " << GetParam();
  daemon.start();
  const auto result = deployed.get();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(x.shows(page)) << x.shown();
  EXPECT_EQ(e2e::leftovers(), "");
}

std::string name_of(const ::testing::TestParamInfo<std::string>& x) {
  auto result = x.param;
  for (auto at = result.find_first_of(" _"); at != result.npos; at = result.find_first_of(" _")) {
    result.erase(at, 1);
    result[at] = static_cast<char>(std::toupper(result[at]));
  }
  return result;
}

INSTANTIATE_TEST_SUITE_P(At, CrashTest, ::testing::ValuesIn(boundaries()), name_of);

class CrashOfDestroyTest : public CrashTest {};

TEST_P(CrashOfDestroyTest, AppGoesAllTheSame) {
  changing_app x{"ash"};
  x.change();
  ASSERT_EQ(x.deploy().exit_code, 0);
  die_at(GetParam());
  auto destroyed = std::async(std::launch::async, [&] {
    return e2e::cli({"destroy", x.name(), "--confirm", x.name()});
  });
  ASSERT_TRUE(daemon.dies()) << "it never came to " << GetParam();
  daemon.start();
  EXPECT_EQ(destroyed.get().exit_code, 0);
  EXPECT_EQ(e2e::api("/v1/apps/" + x.name()).status, 404);
  EXPECT_EQ(e2e::leftovers(), "");
}

INSTANTIATE_TEST_SUITE_P(At, CrashOfDestroyTest,
                         ::testing::Values("before app_destroyed", "after app_destroyed",
                                           "before release_retired", "after release_retired"),
                         name_of);

class CrashOfRollbackTest : public CrashTest {};

TEST_P(CrashOfRollbackTest, AppGoesBackAllTheSame) {
  changing_app x{"boomerang"};
  const auto first = x.change();
  ASSERT_EQ(x.deploy().exit_code, 0);
  x.change();
  ASSERT_EQ(x.deploy().exit_code, 0);
  die_at(GetParam());
  auto back = std::async(std::launch::async, [&] {
    return e2e::cli({"rollback", "--app", x.name()});
  });
  ASSERT_TRUE(daemon.dies()) << "it never came to " << GetParam();
  daemon.start();
  const auto result = back.get();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_TRUE(x.shows(first)) << x.shown();
  EXPECT_EQ(e2e::leftovers(), "");
  ASSERT_EQ(e2e::cli({"destroy", x.name(), "--confirm", x.name()}).exit_code, 0);
}

INSTANTIATE_TEST_SUITE_P(
  At, CrashOfRollbackTest,
  ::testing::ValuesIn(
    thorough() ? std::vector<std::string>{"before deployment_accepted", "after deployment_accepted",
                                          "after deployment_created", "before step_began releasing",
                                          "after step_began releasing",
                                          "after step_began verifying", "before deployment_ended",
                                          "after deployment_ended", "before deployment_concluded",
                                          "after deployment_concluded", "before release_proven",
                                          "after release_proven", "after release_retired"}
               : std::vector<std::string>{"after step_began releasing", "after release_proven"}),
  name_of);

class CrashOfScaleTest : public CrashTest {};

TEST_P(CrashOfScaleTest, AppHasTheTasksThatWereAskedFor) {
  changing_app x{"accordion"};
  const auto page = x.change();
  ASSERT_EQ(x.deploy().exit_code, 0);
  die_at(GetParam());
  auto scaled = std::async(std::launch::async, [&] {
    return e2e::cli({"scale", "2", "--app", x.name()});
  });
  ASSERT_TRUE(daemon.dies()) << "it never came to " << GetParam();
  daemon.start();
  const auto result = scaled.get();
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const auto ready = [&] {
    const auto tasks = json::parse(e2e::api("/v1/apps/" + x.name() + "/tasks").body);
    return tasks.at("ready").as_array().size();
  };
  ASSERT_TRUE(test::eventually([&] { return ready() == 2; }));
  EXPECT_TRUE(x.shows(page));
  EXPECT_EQ(e2e::leftovers(), "");
  ASSERT_EQ(e2e::cli({"destroy", x.name(), "--confirm", x.name()}).exit_code, 0);
}

INSTANTIATE_TEST_SUITE_P(At, CrashOfScaleTest,
                         ::testing::Values("before app_scaled", "after app_scaled"), name_of);

/// What a user who never gives up has seen acknowledged.
struct acknowledged {
  std::mutex lock;
  std::vector<std::pair<std::string, std::string>> deployments; ///< Id and page, oldest first.
};

TEST(RandomKillTest, WhatWasAcknowledgedEndsTruthfullyAndNothingIsLeft) {
  auto& daemon = e2e::daemon_process::instance();
  const int kills = thorough() ? 200 : 6;
  const auto* given = std::getenv("BACKENDIM_CRASH_SEED");
  const auto seed = given ? static_cast<unsigned>(std::atoi(given)) : std::random_device{}();
  std::cout << "BACKENDIM_CRASH_SEED=" << seed << '\n';
  std::mt19937 dice{seed};
  const auto up_to = [&](std::chrono::milliseconds most) {
    return std::chrono::milliseconds{std::uniform_int_distribution<int64_t>{0, most.count()}(dice)};
  };

  std::atomic<bool> enough{false};
  std::vector<changing_app> apps{changing_app{"kill-a"}, changing_app{"kill-b"}};
  // Their base image is there from here on: what a push of it leaves is the registry's to purge.
  for (auto& x : apps) {
    x.change();
    ASSERT_EQ(x.deploy().exit_code, 0);
  }
  std::vector<acknowledged> seen(apps.size());
  std::vector<std::thread> users;
  for (size_t i = 0; i < apps.size(); ++i)
    users.emplace_back([&, i] {
      while (!enough) {
        const auto page = apps[i].change();
        const auto made = apps[i].deploy(true);
        if (made.exit_code == 0) {
          const std::lock_guard guard{seen[i].lock};
          seen[i].deployments.emplace_back(made.out.substr(0, made.out.find('\n')), page);
        }
        std::this_thread::sleep_for(1s);
      }
    });
  for (int i = 0; i < kills; ++i) {
    std::this_thread::sleep_for(up_to(3s));
    daemon.kill();
    if (i % 4 == 3) { // in the middle of its start
      daemon.begin();
      std::this_thread::sleep_for(up_to(500ms));
      daemon.kill();
    }
    daemon.start();
  }
  enough = true;
  for (auto& x : users)
    x.join();

  size_t count = 0, succeeded = 0, superseded = 0;
  for (size_t i = 0; i < apps.size(); ++i) {
    std::string last_good;
    for (const auto& [id, page] : seen[i].deployments) {
      auto state = state_of(id);
      test::eventually([&] { return is_end(state = state_of(id)); }, 5min);
      EXPECT_TRUE(state == "succeeded" || state == "superseded") << id << " " << state;
      ++count;
      succeeded += state == "succeeded";
      superseded += state == "superseded";
      if (state == "succeeded")
        last_good = page;
    }
    EXPECT_TRUE(apps[i].shows(last_good)) << apps[i].shown() << " and not " << last_good;
  }
  EXPECT_GT(succeeded, 0u);
  EXPECT_EQ(e2e::leftovers(), "");
  std::cout << kills << " kills, " << count << " acknowledged deployments: " << succeeded
            << " succeeded, " << superseded << " superseded\n";
}

} // namespace
