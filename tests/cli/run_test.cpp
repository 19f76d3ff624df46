#include "tests/cli/fake_platform.hpp"

#include <gtest/gtest.h>

#include <thread>

using namespace backendim;
using test::canned;
using test::CliTest;
using test::sse;

namespace {

const std::string one = "/v1/apps/shop/tasks/01JTASK";
const std::string lines = "GET " + one + "/logs?follow=1";
const std::string end = sse("", "end", "{}");

class CliRunTest : public CliTest {
protected:
  CliRunTest() {
    log_in();
    platform.on("POST /v1/apps/shop/tasks",
                {202, R"({"id":"01JTASK","app":"shop","release":3,"state":"starting"})"});
  }
  void ends(const std::string& info) { platform.on("GET " + one, {200, info}); }
};

std::string line(const std::string& id, const std::string& stream, const std::string& text) {
  return sse(id, "line", R"({"line":")" + text + R"(","stream":")" + stream + "\"}");
}

TEST_F(CliRunTest, OutputAndExitCodeAreThoseOfTheCommand) {
  platform.on(lines, {200, line("9", "stdout", "hi") + line("20", "stderr", "\\u001b[31moh") + end,
                      canned::stream_ends});
  ends(R"({"id":"01JTASK","release":3,"state":"exited","exit_code":3})");
  const auto text = run({"run", "--timeout", "60", "--", "sh", "-c", "echo hi; exit 3", "--json"});
  EXPECT_EQ(text.code, 3);
  EXPECT_EQ(text.out, "hi\n");
  EXPECT_EQ(text.err, "oh\n");
  const auto asked = platform.seen("POST /v1/apps/shop/tasks");
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].body, R"({"command":["sh","-c","echo hi; exit 3","--json"],"timeout":60})");
  EXPECT_FALSE(asked[0].key.empty());
}

TEST_F(CliRunTest, JsonIsALineForEachAndTheResultAtTheEnd) {
  platform.on(lines, {200, line("9", "stdout", "hi") + end, canned::stream_ends});
  ends(R"({"id":"01JTASK","release":3,"state":"exited","exit_code":0})");
  const auto text = run({"run", "--json", "true"});
  EXPECT_EQ(text.code, 0) << text.err;
  const auto last = text.out.rfind("{\"type\":");
  EXPECT_EQ(text.out.find(R"({"type":"task","task":"01JTASK","app":"shop","release":3)"), 0u);
  EXPECT_NE(text.out.find(R"({"type":"line","stream":"stdout")"), text.out.npos);
  EXPECT_EQ(text.out.find(R"({"type":"result","task":"01JTASK")"), last) << text.out;
  EXPECT_NE(text.out.find(R"("state":"exited","exit_code":0)"), text.out.npos) << text.out;
}

TEST_F(CliRunTest, NoLineIsLostOrRepeatedOverABrokenConnection) {
  platform.on(lines,
              {200, line("3", "stdout", "a") + line("6", "stdout", "b"), canned::stream_breaks});
  platform.on(lines, {200, line("9", "stdout", "c") + end, canned::stream_ends});
  ends(R"({"state":"exited","exit_code":0})");
  EXPECT_EQ(run({"run", "true"}).out, "a\nb\nc\n");
  EXPECT_EQ(platform.seen(lines)[1].last_event_id, "6");
}

TEST_F(CliRunTest, DetachedPrintsTheIdAndThatIsAll) {
  const auto text = run({"run", "-d", "true"});
  EXPECT_EQ(text.code, 0);
  EXPECT_EQ(text.out, "01JTASK\n");
  EXPECT_EQ(platform.seen().size(), 1u);
}

TEST_F(CliRunTest, WithoutAnExitCodeItSaysWhy) {
  platform.on(lines, {200, end, canned::stream_ends});
  ends(R"({"state":"timed_out"})");
  const auto late = run({"run", "true"});
  EXPECT_EQ(late.code, 1);
  EXPECT_NE(late.err.find("took longer"), late.err.npos) << late.err;
  ends(R"({"state":"failed","error":{"code":"missing_binary","message":"No such command.",)"
       R"("evidence":[],"next":"Check it."}})");
  (void)run({"run", "true"}); // the answer before this one stays until it is taken
  const auto broken = run({"run", "true"});
  EXPECT_EQ(broken.code, 1);
  EXPECT_NE(broken.err.find("No such command."), broken.err.npos) << broken.err;
}

TEST_F(CliRunTest, WithoutACommandThereIsNothingToDo) {
  EXPECT_EQ(run({"run"}).code, 2);
  EXPECT_EQ(run({"run", "--timeout", "0", "true"}).code, 2);
}

TEST_F(CliRunTest, CtrlCEndsTheCommandAndShowsItsLastWords) {
  platform.on(lines, {200, line("3", "stdout", "a"), canned::stream_stays});
  platform.on(lines, {200, line("6", "stdout", "last") + end, canned::stream_ends});
  platform.on("DELETE " + one, {200, R"({"state":"stopping"})"});
  ends(R"({"state":"cancelled"})");
  std::thread person{[this] {
    platform.wait_for(lines);
    signals.raise();
  }};
  const auto text = run({"run", "true"});
  person.join();
  EXPECT_EQ(text.code, 130) << text.err;
  EXPECT_EQ(platform.seen("DELETE " + one).size(), 1u);
  EXPECT_NE(text.out.find("last\n"), text.out.npos) << text.out;
}

TEST_F(CliRunTest, TasksAreListedReadAndCancelled) {
  platform.on("GET /v1/apps/shop/tasks",
              {200, R"({"tasks":[],"ready":[],"one_offs":[{"id":"01JTASK","state":"exited",)"
                    R"("exit_code":3,"who":"ada","command":["sh","-c","x"]}]})"});
  const auto list = run({"ps"}).out;
  EXPECT_NE(list.find("01JTASK"), list.npos) << list;
  EXPECT_NE(list.find("sh -c x"), list.npos) << list;
  platform.on("GET " + one + "/logs", {200, line("3", "stdout", "a") + end, canned::stream_ends});
  EXPECT_EQ(run({"logs", "--task", "01JTASK"}).out, "a\n");
  platform.on("DELETE " + one, {200, R"({"state":"stopping"})"});
  EXPECT_EQ(run({"tasks", "cancel", "01JTASK"}).code, 0);
}

} // namespace
