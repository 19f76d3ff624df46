#include "tests/e2e/world.hpp"
#include "tests/support/eventually.hpp"

#include <boost/json.hpp>

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

using namespace backendim;

namespace {

/// A platform with other settings than the other tests have; they get theirs back.
class QueueTest : public ::testing::Test {
protected:
  static void restart(const std::string& settings) {
    auto& daemon = e2e::daemon_process::instance();
    daemon.stop();
    daemon.start(settings);
  }
  void TearDown() override {
    for (const auto& id : started_)
      (void)e2e::cli({"deployments", "cancel", id});
    restart("{}");
  }

  /// Deploys an app whose build does not end; returns the deployment's id.
  std::string start_endless(const std::string& app) {
    const auto source = e2e::copy_of("dockerfile", app);
    std::ofstream{source / "Dockerfile"} << "FROM runtime:12\nRUN sleep 600 # " << app << "\n";
    const auto made = e2e::cli({"deploy", "--app", app, "--detach"}, source);
    EXPECT_EQ(made.exit_code, 0) << made.err;
    started_.push_back(made.out.substr(0, made.out.find('\n')));
    return started_.back();
  }

  static boost::json::object deployment(const std::string& id) {
    return boost::json::parse(e2e::api("/v1/deployments/" + id).body).as_object();
  }

private:
  std::vector<std::string> started_;
};

TEST_F(QueueTest, PlaceIsShownAndTheNextBeginsWhenASlotIsFree) {
  restart(R"({"builder":{"slots":1},"admission":{"waiting_per_tenant":1}})");
  const auto first = start_endless("endless");
  ASSERT_TRUE(test::eventually([&] { return deployment(first).at("state") == "building"; }));
  const auto second = start_endless("patient");
  ASSERT_TRUE(test::eventually([&] { return deployment(second).contains("waiting"); }));
  EXPECT_EQ(deployment(second).at("waiting").at("position"), 1);
  EXPECT_EQ(deployment(second).at("waiting").at("why"), "slots");
  EXPECT_FALSE(deployment(first).contains("waiting"));
  EXPECT_NE(e2e::cli({"status", second}).out.find("1st"), std::string::npos);
  EXPECT_NE(e2e::cli({"status", "patient"}).out.find("1st"), std::string::npos);
  EXPECT_NE(e2e::cli({"admin", "queue"}).out.find(second), std::string::npos);
  EXPECT_TRUE(test::eventually([&] { // the stream goes on: whoever reads it has to stop
    return e2e::api("/v1/deployments/" + second + "/events", {"-m", "2"})
             .body.find("event: waiting")
           != std::string::npos;
  }));

  const auto body = R"({"source":{"git":"https://example.org/x.git"}})";
  const auto refused = e2e::api("/v1/apps/late/deployments",
                                {"-i", "-H", "Content-Type: application/json", "-d", body});
  EXPECT_EQ(refused.status, 429) << refused.body;
  EXPECT_NE(refused.body.find("\r\nRetry-After: "), std::string::npos) << refused.body;
  EXPECT_NE(refused.body.find(R"("why":"tenant_queue")"), std::string::npos) << refused.body;
  EXPECT_EQ(e2e::api("/v1/apps/late").status, 404) << "nothing was accepted";

  EXPECT_EQ(e2e::cli({"deployments", "cancel", first}).exit_code, 0);
  ASSERT_TRUE(test::eventually([&] { return !deployment(second).contains("waiting"); }))
    << "the second gets the slot";
  EXPECT_EQ(deployment(second).at("state"), "building");
}

TEST_F(QueueTest, WithoutDiskSpaceDeploymentsAreTurnedAwayAndTakenAgainWithIt) {
  restart(R"({"admission":{"disk_floor_mb":4000000000}})");
  const auto refused
    = e2e::cli({"deploy", "--app", "nospace", "--timeout", "10"}, e2e::samples() / "express");
  EXPECT_EQ(refused.exit_code, 5) << refused.err;
  EXPECT_NE(refused.err.find("MiB free"), std::string::npos) << refused.err;
  EXPECT_EQ(e2e::api("/v1/apps/nospace").status, 404);
  restart("{}");
  const auto taken = e2e::cli({"deploy", "--app", "nospace"}, e2e::samples() / "express");
  EXPECT_EQ(taken.exit_code, 0) << taken.err;
}

} // namespace
