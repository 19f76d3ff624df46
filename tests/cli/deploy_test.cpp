#include "protocol/types.hpp"
#include "tests/cli/fake_platform.hpp"

#include <boost/json.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <thread>

using namespace backendim;
using test::canned;
using test::CliTest;
using test::sse;
namespace json = boost::json;

namespace {

const std::string url = "http://shop-acme.localhost:8080";

std::string step(const std::string& id, const std::string& name, const std::string& second) {
  return sse(id, "step_began",
             R"({"step":")" + name + R"(","at":"2026-01-01T00:00:)" + second + R"(Z"})");
}

std::string ended(const std::string& id, const std::string& state, const std::string& more = "") {
  return sse(id, "deployment_ended",
             R"({"state":")" + state + R"(","at":"2026-01-01T00:00:09Z")" + more + "}");
}

std::vector<json::value> lines_of(const std::string& text) {
  std::vector<json::value> result;
  std::istringstream in{text};
  for (std::string line; std::getline(in, line);)
    result.push_back(json::parse(line));
  return result;
}

class CliDeployTest : public CliTest {
protected:
  CliDeployTest() {
    log_in();
    write("index.html", "<h1>hello</h1>");
    platform.on("GET /v1/whoami", {200, R"({"user":"anna","tenant":"acme","may":"deploy"})"});
    platform.on("POST /v1/blobs", {201, R"({"digest":"sha256:abc","size":9})"});
  }

  /// The answer to the deployment that comes.
  void accept() {
    platform.on(create, {202, R"({"id":"d1","tenant":"acme","app":"shop","state":"queued",)"
                              R"("release":4,"url":")"
                                + url
                                + R"(","steps":[],"who":"anna",)"
                                  R"("created":"2026-01-01T00:00:00Z"})"});
  }

  const std::string create = "POST /v1/apps/shop/deployments";
  const std::string events = "GET /v1/deployments/d1/events";
};

TEST_F(CliDeployTest, PrintsTheUrlAndNothingElse) {
  accept();
  platform.on(events, {200,
                       sse("1", "deployment_created", "{}") + step("2", "fetching", "01")
                         + step("3", "building", "02") + step("4", "releasing", "06.2")
                         + ended("5", "succeeded"),
                       canned::stream_ends});
  const auto text = run({"deploy"});
  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_EQ(text.out, url + "\n");
  EXPECT_NE(text.err.find("  building        4.2s\n"), std::string::npos) << text.err;
  const auto seen = platform.seen();
  ASSERT_EQ(seen.size(), 4u);
  EXPECT_EQ(seen[1].what, "POST /v1/blobs");
  EXPECT_EQ(seen[1].body.substr(0, 4), "\x28\xB5\x2F\xFD"); // zstd
  EXPECT_EQ(seen[2].body, R"({"source":{"blob":"sha256:abc"},"config":{}})");
  EXPECT_FALSE(seen[2].key.empty());
  EXPECT_EQ(run({"deploy", "-q"}).err, "");
}

TEST_F(CliDeployTest, ABrokenStreamIsResumedBehindTheLastEvent) {
  accept();
  platform.on(events, {200, step("2", "fetching", "01") + step("3", "building", "02"),
                       canned::stream_breaks});
  platform.on(events, {503, R"({"code":"unavailable","detail":"starting"})"});
  platform.on(events, {200, "", canned::stream_ends}); // nothing to say, and stops again
  platform.on(events, {200, ended("4", "succeeded"), canned::stream_ends});
  const auto text = run({"deploy"});
  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_EQ(text.out, url + "\n");
  const auto seen = platform.seen(events);
  ASSERT_EQ(seen.size(), 4u);
  EXPECT_EQ(seen[0].last_event_id, "");
  EXPECT_EQ(seen[1].last_event_id, "3");
  EXPECT_EQ(seen[3].last_event_id, "3");
}

TEST_F(CliDeployTest, AStreamThatStaysAwayIsFiveButTheDeploymentIsNamed) {
  accept();
  wait.limit = std::chrono::milliseconds{50};
  platform.on(events, {503, R"({"code":"unavailable","detail":"starting"})"});
  const auto text = run({"deploy"});
  EXPECT_EQ(text.code, 5);
  EXPECT_NE(text.err.find("backend-im status d1"), std::string::npos) << text.err;
  EXPECT_EQ(text.out, "");
}

TEST_F(CliDeployTest, AnUnansweredRequestIsRepeatedWithItsKey) {
  platform.on(create, {202, "{", canned::stream_breaks});
  platform.on(create, {503, R"({"code":"unavailable","detail":"starting"})"});
  accept();
  platform.on(events, {200, ended("2", "succeeded"), canned::stream_ends});
  EXPECT_EQ(run({"deploy"}).code, 0);
  const auto seen = platform.seen(create);
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_EQ(seen[0].key, seen[1].key);
  EXPECT_EQ(seen[0].key, seen[2].key);
}

TEST_F(CliDeployTest, ABusyPlatformIsAskedAgainWhenItSaysSo) {
  platform.on(create, {429, R"({"status":429,"code":"over_quota","why":"queue","retry_after":0,)"
                            R"("detail":"500 deployments wait"})"});
  platform.on(create, {503, R"({"status":503,"code":"unavailable","why":"disk","retry_after":0,)"
                            R"("detail":"the disk is full"})"});
  accept();
  platform.on(events, {200, ended("2", "succeeded"), canned::stream_ends});
  const auto text = run({"deploy"});
  EXPECT_EQ(text.code, 0) << text.err;
  const auto seen = platform.seen(create);
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_EQ(seen[0].key, seen[2].key);
  EXPECT_NE(text.err.find("500 deployments wait"), std::string::npos) << text.err;
  EXPECT_NE(text.err.find("the disk is full"), std::string::npos) << text.err;
}

TEST_F(CliDeployTest, ABusyPlatformIsNotWaitedForLongerThanAskedFor) {
  platform.on(create, {429, R"({"status":429,"code":"over_quota","why":"queue",)"
                            R"("retry_after":3600,"detail":"500 deployments wait"})"});
  const auto text = run({"deploy", "--timeout", "5"});
  EXPECT_EQ(text.code, 5);
  EXPECT_NE(text.err.find("next: "), std::string::npos) << text.err;
  EXPECT_EQ(platform.seen(create).size(), 1u);
}

TEST_F(CliDeployTest, ThePlaceInTheQueueIsShown) {
  accept();
  platform.on(
    events, {200,
             step("2", "building", "01")
               + sse("", "waiting",
                     R"({"position":3,"estimated_wait":39500,"why":"slots",)"
                     R"("detail":""})")
               + step("3", "pushing", "04")
               + sse("", "waiting", R"({"position":11,"why":"disk","detail":"The disk is full."})")
               + ended("4", "succeeded"),
             canned::stream_ends});
  const auto text = run({"deploy"});
  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_NE(text.err.find("waiting for a build slot, 3rd, about 40s"), std::string::npos)
    << text.err;
  EXPECT_NE(text.err.find("waiting for a build slot, 11th; held back: The disk is full."),
            std::string::npos)
    << text.err;
}

TEST_F(CliDeployTest, AFailureShowsItsCauseItsEvidenceAndTheBuildsLastLines) {
  accept();
  platform.on(events, {200,
                       step("2", "building", "01")
                         + ended("3", "failed",
                                 R"(,"error":{"code":"build_failed","message":"npm ci failed",)"
                                 R"("evidence":["npm ERR!\u001b[2J 1"],"next":"Run npm ci."})"),
                       canned::stream_ends});
  platform.on(
    "GET /v1/deployments/d1/logs",
    {200, sse("9", "line", R"({"line":"step 1"})") + sse("", "end", "{}"), canned::stream_ends});
  const auto text = run({"deploy"});
  EXPECT_EQ(text.code, 1);
  EXPECT_EQ(text.out, "");
  EXPECT_NE(text.err.find("  | step 1\nerror: npm ci failed\n  | npm ERR! 1\n"
                          "  next: Run npm ci.\n  code build_failed, deployment d1\n"),
            std::string::npos)
    << text.err;
}

TEST_F(CliDeployTest, JsonIsOneLineForEachEventAndAResult) {
  accept();
  platform.on(
    events, {200,
             step("2", "building", "01")
               + ended("3", "failed",
                       R"(,"error":{"code":"wrong_port","message":"m","evidence":[],"next":"n"})"),
             canned::stream_ends});
  const auto text = run({"deploy", "--json"});
  EXPECT_EQ(text.code, 1);
  EXPECT_EQ(text.err, "");
  const auto lines = lines_of(text.out);
  ASSERT_EQ(lines.size(), 5u) << text.out;
  EXPECT_EQ(lines[0].at("type"), "packed");
  EXPECT_EQ(lines[1].at("type"), "deployment");
  EXPECT_EQ(lines[2].at("type"), "event");
  EXPECT_EQ(lines[2].at("event"), "step_began");
  EXPECT_EQ(lines[2].at("data").at("step"), "building");
  EXPECT_EQ(lines[4].at("type"), "result");
  EXPECT_EQ(lines[4].at("state"), "failed");
  EXPECT_EQ(lines[4].at("url").as_string(), url.c_str());
  EXPECT_EQ(lines[4].at("deployment"), "d1");
  EXPECT_EQ(lines[4].at("error").at("code"), "wrong_port");
  EXPECT_TRUE(lines[4].at("took_ms").is_int64());
}

TEST_F(CliDeployTest, VerboseShowsTheBuildWhileItRuns) {
  accept();
  const std::string log = "GET /v1/deployments/d1/logs?follow=1";
  platform.on(log, {200, sse("9", "line", R"({"line":"step\u0007 1"})") + sse("", "end", "{}"),
                    canned::stream_ends});
  platform.on(events,
              {200, step("2", "building", "01") + ended("3", "succeeded"), canned::stream_ends});
  EXPECT_NE(run({"deploy", "-v"}).err.find("  | step 1\n"), std::string::npos);
}

TEST_F(CliDeployTest, OtherEndsAreFailuresToo) {
  accept();
  platform.on(events, {200, ended("2", "superseded", R"(,"by":"d2")"), canned::stream_ends});
  const auto text = run({"deploy"});
  EXPECT_EQ(text.code, 1);
  EXPECT_NE(text.err.find("backend-im status d2"), std::string::npos) << text.err;
}

TEST_F(CliDeployTest, AWrongConfigIsShownWithItsPlaceBeforeAnythingIsSent) {
  write("backend-im.yml", "name: shop\nprot: 80\n");
  const auto text = run({"deploy"});
  EXPECT_EQ(text.code, 1);
  EXPECT_NE(text.err.find("backend-im.yml:2:1"), std::string::npos) << text.err;
  EXPECT_NE(text.err.find("did you mean \"port\"?"), std::string::npos) << text.err;
  EXPECT_TRUE(platform.seen().empty());
}

TEST_F(CliDeployTest, CredentialsAreHeldBackUnlessNamed) {
  accept();
  write(".env", "PASSWORD=1");
  EXPECT_NE(run({"deploy", "--detach"}).err.find("held back: .env"), std::string::npos);
  EXPECT_EQ(run({"deploy", "--detach", "--include", ".env"}).err.find("held back"),
            std::string::npos);
}

TEST_F(CliDeployTest, VariablesAreAddedToThoseOfTheFile) {
  accept();
  write("backend-im.yml", "env: {A: one, B: two}\n");
  EXPECT_EQ(run({"deploy", "-d", "-e", "B=2", "--env", "C=x=y"}).out, "d1\n");
  EXPECT_EQ(json::parse(platform.seen(create)[0].body).at("config").at("env"),
            (json::object{{"A", "one"}, {"B", "2"}, {"C", "x=y"}}));
  const auto wrong = run({"deploy", "-e", "secret"});
  EXPECT_EQ(wrong.code, 2);
  EXPECT_EQ(wrong.err.find("secret"), std::string::npos);
}

TEST_F(CliDeployTest, ARepositoryIsNotUploaded) {
  accept();
  EXPECT_EQ(run({"deploy", "--git", "https://host/x/Shop.git#v1", "--detach"}).code, 0);
  EXPECT_EQ(platform.seen("POST /v1/blobs").size(), 0u);
  EXPECT_EQ(json::parse(platform.seen(create)[0].body).at("source"),
            (json::object{{"git", "https://host/x/Shop.git"}, {"ref", "v1"}}));
  EXPECT_EQ(run({"deploy", "x", "--git", "https://host/x"}).code, 2);
}

TEST_F(CliDeployTest, WaitingHasALimit) {
  accept();
  platform.on(events, {200, step("2", "building", "01"), canned::stream_stays});
  const auto text = run({"deploy", "--timeout", "1"});
  EXPECT_EQ(text.code, 1);
  EXPECT_NE(text.err.find("code timed_out, deployment d1"), std::string::npos) << text.err;
}

TEST_F(CliDeployTest, AnInterruptCancelsWhenNobodyCanBeAsked) {
  accept();
  platform.on(events, {200, step("2", "building", "01"), canned::stream_stays});
  platform.on("POST /v1/deployments/d1/cancel", {200, R"({"id":"d1","state":"cancelled"})"});
  std::thread person{[this] {
    platform.wait_for(events);
    signals.raise();
  }};
  const auto text = run({"deploy", "--json"});
  person.join();
  EXPECT_EQ(text.code, 130);
  EXPECT_EQ(lines_of(text.out).back().at("state"), "cancelled");
  EXPECT_EQ(platform.seen("POST /v1/deployments/d1/cancel").size(), 1u);
  EXPECT_EQ(quits, 0);
}

TEST_F(CliDeployTest, AnInterruptAsksAndLeavesTheDeploymentByDefault) {
  accept();
  terminal = true;
  answers = {""};
  platform.on(events, {200, step("2", "building", "01"), canned::stream_stays});
  std::thread person{[this] {
    platform.wait_for(events);
    signals.raise();
  }};
  const auto text = run({"deploy"});
  person.join();
  EXPECT_EQ(text.code, 130);
  EXPECT_EQ(questions.size(), 1u);
  EXPECT_EQ(platform.seen("POST /v1/deployments/d1/cancel").size(), 0u);
}

TEST_F(CliDeployTest, AnUnknownCallerIsToldBeforeAnythingIsPacked) {
  platform.on("GET /v1/whoami", {401, R"({"code":"unauthenticated","detail":"expired"})"});
  test::fake_platform strict;
  strict.on("GET /v1/whoami", {401, R"({"code":"unauthenticated","detail":"expired"})"});
  variables["BACKEND_IM_TOKEN"] = "old";
  EXPECT_EQ(run({"deploy", "--url", strict.url()}).code, 3);
  EXPECT_EQ(strict.seen().size(), 1u);
}

TEST(CliInterruptsTest, TheFirstIsCaughtTheSecondEndsAndCleansUp) {
  int quits = 0;
  cli::interrupts signals{[&] { ++quits; }};
  const cli::scratch_folder scratch{signals};
  ASSERT_TRUE(std::filesystem::exists(scratch.path()));
  const auto stop = signals.catch_next();
  signals.raise();
  EXPECT_TRUE(stop.stop_requested());
  EXPECT_EQ(quits, 0);
  signals.raise();
  EXPECT_EQ(quits, 1);
  EXPECT_FALSE(std::filesystem::exists(scratch.path()));
}

} // namespace
