#include "tests/cli/fake_platform.hpp"

#include <gtest/gtest.h>

using namespace backendim;
using test::canned;
using test::CliTest;
using test::sse;

namespace {

class CliReleasesTest : public CliTest {
protected:
  void SetUp() override { log_in(); }
};

TEST_F(CliReleasesTest, ListSaysWhichServesAndWhichWasTakenBack) {
  platform.on("GET /v1/apps/shop/releases",
              {200,
               R"({"tenant":"acme","app":"shop","live":3,"standby":1,"items":[)"
               R"({"number":3,"source":{"release":1},"who":"ada","at":"2026-01-03T00:00:00Z"},)"
               R"({"number":2,"source":{"git":"https://x/y","ref":"main"},"who":"bob",)"
               R"("at":"2026-01-02T00:00:00Z","reverted":{"code":"app_crashed"}},)"
               R"({"number":1,"source":{"blob":"sha256:1"},"who":"ada",)"
               R"("at":"2026-01-01T00:00:00Z"}]})"});
  EXPECT_EQ(run({"releases", "shop"}).out,
            "RELEASE  STATE       MADE OF           BY   AT\n"
            "v3       live        copy of v1        ada  2026-01-03T00:00:00Z\n"
            "v2       taken back  https://x/y#main  bob  2026-01-02T00:00:00Z\n"
            "v1       standby     upload            ada  2026-01-01T00:00:00Z\n");
}

TEST_F(CliReleasesTest, RollbackNamesTheReleaseAndFollowsItsDeployment) {
  platform.on("POST /v1/apps/shop/rollback",
              {202, R"({"id":"d9","app":"shop","state":"queued","url":"http://shop.test"})"});
  const auto detached = run({"rollback", "v12", "--app", "shop", "--detach"});
  EXPECT_EQ(detached.code, 0) << detached.err;
  EXPECT_EQ(detached.out, "d9\n");
  EXPECT_EQ(run({"rollback", "--app", "shop", "--detach"}).code, 0);
  EXPECT_EQ(run({"rollback", "twelve", "--app", "shop"}).code, 2);
  const auto seen = platform.seen("POST /v1/apps/shop/rollback");
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0].body, R"({"to":12})");
  EXPECT_EQ(seen[1].body, "{}");
  EXPECT_FALSE(seen[0].key.empty());
}

TEST_F(CliReleasesTest, PromoteIsOfTheDeploymentUnderWay) {
  platform.on("GET /v1/apps/shop", {200, R"({"app":"shop","deploying":"d9"})"});
  platform.on("POST /v1/deployments/d9/promote",
              {200, R"({"id":"d9","app":"shop","state":"verifying","url":"http://shop.test"})"});
  platform.on("GET /v1/deployments/d9/events",
              {200, sse("1", "step_began", R"({"step":"verifying","at":"2026-01-01T00:00:00Z"})")
                      + sse("2", "canary_began", R"({"stable_release":1})")
                      + sse("3", "canary_sampled",
                            R"({"observed":5000,"canary":{"requests":40,"failed":1},)"
                            R"("stable":{"requests":360,"failed":0}})")
                      + sse("4", "canary_promoted", R"({"who":"ada"})")
                      + sse("5", "deployment_ended",
                            R"({"state":"succeeded","at":"2026-01-01T00:00:09Z"})")});
  const auto done = run({"promote", "shop"});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(done.out, "http://shop.test\n");
  EXPECT_NE(done.err.find("promoted by ada"), std::string::npos) << done.err;
  EXPECT_NE(done.err.find("a canary for 5.0s: 1 of 40 requests failed, of the others 0 of 360"),
            std::string::npos)
    << done.err;
  platform.on("GET /v1/apps/idle", {200, R"({"app":"idle"})"});
  const auto nothing = run({"promote", "idle"});
  EXPECT_EQ(nothing.code, 1);
  EXPECT_NE(nothing.err.find("no deployment of idle is under way"), std::string::npos);
}

TEST_F(CliReleasesTest, DiffShowsWhatBothSay) {
  platform.on("GET /v1/apps/shop/releases/diff?from=1&to=2",
              {200, R"({"items":[{"pointer":"/config/env/TZ","from":"\"UTC\""},)"
                    R"({"pointer":"/port","from":"3000","to":"4000"}]})"});
  EXPECT_EQ(run({"diff", "v1", "2", "--app", "shop"}).out, "SETTING         v1     v2\n"
                                                           "/config/env/TZ  \"UTC\"\n"
                                                           "/port           3000   4000\n");
  EXPECT_EQ(run({"diff", "v1", "vx", "--app", "shop"}).code, 2);
}

TEST_F(CliReleasesTest, ScaleStopAndStartSayWhatIsWanted) {
  platform.on("POST /v1/apps/shop/scale", {200, R"({"app":"shop"})"});
  platform.on("POST /v1/apps/shop/stop", {200, R"({"app":"shop"})"});
  platform.on("POST /v1/apps/shop/start", {200, R"({"app":"shop"})"});
  EXPECT_EQ(run({"scale", "3", "--app", "shop"}).err, "shop gets 3 tasks.\n");
  EXPECT_EQ(run({"scale", "web=2", "--app", "shop"}).code, 0);
  EXPECT_EQ(run({"scale", "auto", "--app", "shop"}).code, 0);
  EXPECT_EQ(run({"scale", "many", "--app", "shop"}).code, 2);
  const auto seen = platform.seen("POST /v1/apps/shop/scale");
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_EQ(seen[0].body, R"({"replicas":3})");
  EXPECT_EQ(seen[1].body, R"({"replicas":2})");
  EXPECT_EQ(seen[2].body, "{}");
  EXPECT_EQ(run({"stop", "shop"}).err, "shop is stopped; its host says so.\n");
  EXPECT_EQ(run({"start", "shop"}).err, "shop is starting.\n");
}

TEST_F(CliReleasesTest, MaintenanceSaysWhatItsPageSays) {
  platform.on("POST /v1/apps/shop/maintenance", {200, R"({"app":"shop"})"});
  EXPECT_EQ(run({"maintenance", "on", "shop", "--message", "Back at noon."}).err,
            "shop shows its maintenance page and runs on.\n");
  EXPECT_EQ(run({"maintenance", "on", "shop"}).code, 0);
  EXPECT_EQ(run({"maintenance", "off", "shop"}).err, "Requests reach shop again.\n");
  EXPECT_EQ(run({"maintenance", "shop"}).code, 2);
  const auto seen = platform.seen("POST /v1/apps/shop/maintenance");
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_EQ(seen[0].body, R"({"on":true,"message":"Back at noon."})");
  EXPECT_EQ(seen[1].body, R"({"on":true})");
  EXPECT_EQ(seen[2].body, R"({"on":false})");
  platform.on("GET /status/shop",
              {200, R"({"app":"shop","url":"http://shop.test","live":{"number":1,"who":"ada",)"
                    R"("at":"2026-01-01T00:00:00Z"},"maintenance":{"message":"Back at noon.",)"
                    R"("who":"ada","since":"2026-01-02T00:00:00Z"}})"});
  const auto status = run({"status", "shop"}).out;
  EXPECT_NE(status.find("maintenance  by ada, 2026-01-02T00:00:00Z  Back at noon."),
            std::string::npos)
    << status;
}

TEST_F(CliReleasesTest, TasksSayWhichGetRequests) {
  platform.on("GET /v1/apps/shop/tasks",
              {200, R"({"service":"acme-shop-v1","ready":["172.18.0.3"],"tasks":[)"
                    R"({"id":"t2","phase":"running","address":"172.18.0.3","exit_code":0,)"
                    R"("message":""},)"
                    R"({"id":"t1","phase":"failed","address":"","exit_code":1,"message":""}]})"});
  EXPECT_EQ(run({"ps", "shop"}).out, "TASK  STATE    REQUESTS  ADDRESS     SAYS\n"
                                     "t2    running  yes       172.18.0.3\n"
                                     "t1    failed   no                    exit code 1\n");
}

} // namespace
