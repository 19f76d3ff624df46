#include "adapters/proxy/prober.hpp"
#include "tests/adapters/proxy/loopback.hpp"

#include <gtest/gtest.h>

using namespace backendim;
using namespace backendim::test;
using outcome = probe_result::outcome;

namespace {

probe_result ask(const upstream_address& target, const std::string& path,
                 std::chrono::milliseconds deadline = patience) {
  const auto prober = proxy::make_prober();
  std::promise<probe_result> done;
  prober->probe({target, path, deadline}, [&](probe_result x) { done.set_value(x); });
  return done.get_future().get();
}

TEST(ProberTest, AskingAPath) {
  std::promise<std::string> seen;
  origin task{[&](peer& x) {
    seen.set_value(x.until("\r\n\r\n"));
    x.write("HTTP/1.1 302 Found\r\n\r\n");
  }};
  const auto got = ask(task.address(), "/health");
  EXPECT_EQ(got.what, outcome::good);
  EXPECT_EQ(got.status, 302u);
  const auto head = seen.get_future().get();
  EXPECT_TRUE(head.starts_with("GET /health HTTP/1.1\r\n")) << head;
  EXPECT_EQ(field_of(head, "Host"), "127.0.0.1:" + std::to_string(task.address().port));
  EXPECT_EQ(field_of(head, "User-Agent"), "backend-im-probe");
  EXPECT_EQ(field_of(head, "Connection"), "close");
}

TEST(ProberTest, BadStatus) {
  origin task{answering([](const auto&) { return "HTTP/1.1 500\r\n\r\n"; })};
  const auto got = ask(task.address(), "/");
  EXPECT_EQ(got.what, outcome::bad_status);
  EXPECT_EQ(got.status, 500u);
}

TEST(ProberTest, InterimAnswersDoNotCount) {
  origin task{answering(
    [](const auto&) { return "HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 404 No\r\n\r\n"; })};
  EXPECT_EQ(ask(task.address(), "/").status, 404u);
}

TEST(ProberTest, AConnectionIsEnoughWithoutPath) {
  origin task{[](peer& x) { x.rest(); }};
  EXPECT_EQ(ask(task.address(), "").what, outcome::good);
}

TEST(ProberTest, NobodyListens) {
  EXPECT_EQ(ask(nobody(), "/").what, outcome::refused);
  EXPECT_EQ(ask(nobody(), "").what, outcome::refused);
}

TEST(ProberTest, SilenceRubbishAndNoAddress) {
  origin silent{[](peer& x) { x.rest(); }};
  EXPECT_EQ(ask(silent.address(), "/", 50ms).what, outcome::no_answer);
  for (const auto* rubbish : {"", "SSH-2.0-x\r\n", "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.1 20"}) {
    origin task{[rubbish](peer& x) {
      x.until("\r\n\r\n");
      x.write(rubbish);
    }};
    EXPECT_EQ(ask(task.address(), "/").what, outcome::no_answer) << rubbish;
  }
  EXPECT_EQ(ask({"a.test", 80}, "/").what, outcome::no_answer);
}

TEST(ProberTest, EveryoneIsAnsweredAtTheEnd) {
  origin silent{[](peer& x) { x.rest(); }};
  auto prober = proxy::make_prober();
  std::atomic<int> answers{0};
  for (int i = 0; i != 20; ++i)
    prober->probe({silent.address(), "/", 1h},
                  [&](probe_result x) { answers += x.what == outcome::no_answer; });
  prober.reset();
  EXPECT_EQ(answers, 20);
}

TEST(ProberTest, MayBeDestroyedInACallback) {
  auto prober = proxy::make_prober();
  std::promise<void> asked;
  std::promise<void> gone;
  prober->probe({nobody(), "/", patience}, [&](probe_result) {
    asked.get_future().wait();
    prober.reset();
    gone.set_value();
  });
  asked.set_value(); // from here on only the callback touches the prober
  EXPECT_EQ(gone.get_future().wait_for(patience), std::future_status::ready);
}

} // namespace
