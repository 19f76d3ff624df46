#include "protocol/types.hpp"
#include "tests/cli/fake_platform.hpp"

#include <gtest/gtest.h>

using namespace backendim;
using test::canned;
using test::CliTest;
using test::sse;

namespace {

class CliLogsTest : public CliTest {
protected:
  CliLogsTest() { log_in(); }
};

std::string line(const std::string& id, const std::string& text) {
  return sse(id, "line", "{\"line\":\"" + text + "\"}");
}

TEST_F(CliLogsTest, PrintsTheLinesOfTheApp) {
  platform.on("GET /v1/apps/shop/logs?follow=0&tail=5",
              {200, line("", "one") + line("", "\\u001b[31mtwo") + sse("", "end", "{}"),
               canned::stream_ends});
  EXPECT_EQ(run({"logs", "-n", "5"}).out, "one\ntwo\n");
  EXPECT_EQ(run({"logs", "-n", "5", "--json"}).out.substr(0, 30),
            "{\"type\":\"line\",\"line\":\"one\"}\n{");
}

TEST_F(CliLogsTest, FollowingGoesOnBehindABrokenConnection) {
  platform.on("GET /v1/apps/shop/logs?follow=1&tail=100",
              {200, line("", "one"), canned::stream_breaks});
  platform.on("GET /v1/apps/shop/logs?follow=1&tail=0",
              {200, line("", "two") + sse("", "end", "{}"), canned::stream_ends});
  const auto text = run({"logs", "-f", "shop"});
  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_EQ(text.out, "one\ntwo\n");
  EXPECT_NE(text.err.find("connection broke"), std::string::npos);
}

TEST_F(CliLogsTest, ABuildLogIsResumedWithoutRepeatingLines) {
  const std::string what = "GET /v1/deployments/01JABCDEFGHJKMNPQRSTVWXYZ0/logs?follow=1";
  platform.on(what, {200, line("0", "a") + line("9", "b") + line("9", "c") + line("9", "d"),
                     canned::stream_breaks});
  platform.on(what, {200, line("9", "c"), canned::stream_breaks}); // before it came to anything new
  platform.on(what, {200, line("9", "c") + line("9", "d") + line("20", "e") + sse("", "end", "{}"),
                     canned::stream_ends});
  EXPECT_EQ(run({"logs", "shop", "01JABCDEFGHJKMNPQRSTVWXYZ0"}).code, 2); // without --build
  const auto text = run({"logs", "-f", "shop", "--build", "01JABCDEFGHJKMNPQRSTVWXYZ0"});
  EXPECT_EQ(text.out, "a\nb\nc\nd\ne\n") << text.err;
  EXPECT_EQ(platform.seen(what)[1].last_event_id, "9");
  EXPECT_EQ(platform.seen(what)[2].last_event_id, "9");
}

TEST_F(CliLogsTest, TheBuildLogOfAnAppIsItsLatest) {
  platform.on("GET /v1/apps/shop", {200, R"({"app":"shop","latest":"d7"})"});
  platform.on("GET /v1/deployments/d7/logs",
              {200, line("4", "built") + sse("", "end", "{}"), canned::stream_ends});
  EXPECT_EQ(run({"logs", "--build"}).out, "built\n");
  platform.on("GET /v1/apps/new", {200, R"({"app":"new"})"});
  EXPECT_EQ(run({"logs", "--build", "new"}).code, 4);
}

TEST_F(CliLogsTest, ARefusalIsNotTriedAgain) {
  platform.on("GET /v1/apps/shop/logs?follow=1&tail=100",
              {409, R"({"code":"conflict","detail":"nothing of this app runs yet"})"});
  EXPECT_EQ(run({"logs", "-f"}).code, 1);
  EXPECT_EQ(platform.seen().size(), 1u);
}

} // namespace
