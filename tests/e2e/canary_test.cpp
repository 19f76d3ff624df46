#include "tests/e2e/leftovers.hpp"
#include "tests/e2e/small_app.hpp"
#include "tests/e2e/steady_load.hpp"
#include "tests/e2e/world.hpp"
#include "tests/support/eventually.hpp"

#include <boost/json.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <iostream>
#include <map>
#include <string>
#include <thread>

using namespace backendim;
using namespace std::chrono_literals;
namespace json = boost::json;

namespace {

/// People who ask an app for its page, whatever they get.
class visitors {
public:
  explicit visitors(const e2e::small_app& app)
    : thread_{[this, &app] {
        while (!left_)
          ++seen_[app.shown()];
      }} {}
  ~visitors() { leave(); }

  void leave() {
    left_ = true;
    if (thread_.joinable())
      thread_.join();
  }

  /// How often each page was shown; after leave().
  const std::map<std::string, int>& seen() const { return seen_; }

private:
  std::atomic<bool> left_{false};
  std::map<std::string, int> seen_;
  std::thread thread_;
};

uint64_t number_at(const json::object& x, const std::string& pointer) {
  return json::value(x).at_pointer(pointer).to_number<uint64_t>();
}

/// Whether the newest deployment has come as far as to its canary's requests.
bool has_canary(const e2e::small_app& x) {
  return test::eventually([&] { return x.latest().contains("canary"); });
}

TEST(CanaryTest, OneThatFailsEveryOtherRequestIsTakenBackByItself) {
  const e2e::small_app x{"bird"};
  x.write("old");
  ASSERT_EQ(x.deploy().exit_code, 0);
  x.write_handler("s.statusCode = globalThis.n++ % 2 ? 500 : 200; s.end('new')",
                  "deploy: {strategy: canary, canary: {weight: 30%, duration: 10m, "
                  "min_requests: 10}}\n",
                  "globalThis.n = 0; console.error('no such column: feathers');");
  visitors guests{x};
  const auto deployed = x.deploy();
  EXPECT_EQ(deployed.exit_code, 1);
  EXPECT_NE(deployed.err.find("canary_failed"), std::string::npos) << deployed.err;
  EXPECT_NE(deployed.err.find("v1, with the rest: 0 of "), std::string::npos) << deployed.err;
  EXPECT_NE(deployed.err.find("no such column: feathers"), std::string::npos) << deployed.err;
  EXPECT_EQ(x.state_of_latest(), "rolled_back");
  guests.leave();
  EXPECT_GT(guests.seen().at("new"), 0);
  EXPECT_GT(guests.seen().at("old"), guests.seen().at("new"));
  EXPECT_EQ(guests.seen().size(), 2u) << "nothing but the two";
  for (int i = 0; i < 30; ++i)
    EXPECT_EQ(x.shown(), "old");
  EXPECT_EQ(e2e::leftovers(), "");
  const auto canary = x.latest().at("canary").as_object();
  std::cout << "taken back after " << number_at(canary, "/observed") << " ms, "
            << number_at(canary, "/canary/failed") << " of "
            << number_at(canary, "/canary/requests") << " failed\n";
}

TEST(CanaryTest, GoodOneIsPromotedAndNoRequestIsLost) {
  const e2e::small_app x{"phoebe"};
  x.write("old");
  ASSERT_EQ(x.deploy().exit_code, 0);
  x.write("new", "", "deploy: {watch: 0, strategy: canary, canary: {weight: 20%, duration: 8s}}\n");
  e2e::steady_load load{"phoebe-main.localhost", 8080, 100, 100'000};
  const auto deployed = x.deploy();
  EXPECT_EQ(deployed.exit_code, 0) << deployed.err;
  EXPECT_EQ(e2e::leftovers(), "") << "the old one has drained";
  load.stop();
  EXPECT_EQ(load.bad(), 0u) << load.first_failures();
  EXPECT_EQ(x.shown(), "new");
  const auto canary = x.latest().at("canary").as_object();
  const auto mine = number_at(canary, "/canary/requests");
  const auto others = number_at(canary, "/stable/requests");
  EXPECT_EQ(number_at(canary, "/canary/failed"), 0u);
  EXPECT_NEAR(static_cast<double>(mine) / static_cast<double>(mine + others), 0.2, 0.02);
  std::cout << mine << " of " << mine + others << " requests to the canary, " << load.good()
            << " answered in all\n";
}

TEST(CanaryTest, SomebodyPromotesItOrItWaits) {
  const e2e::small_app x{"patient"};
  x.write("old");
  ASSERT_EQ(x.deploy().exit_code, 0);
  x.write("new", "",
          "deploy: {strategy: canary, canary: {weight: 50%, duration: 1s, auto_promote: false}}\n");
  ASSERT_EQ(x.say({"deploy", "--detach"}).exit_code, 0);
  ASSERT_TRUE(has_canary(x));
  EXPECT_TRUE(test::eventually([&] { return x.shown() == "new"; }));
  EXPECT_TRUE(test::eventually([&] { return x.shown() == "old"; }));
  EXPECT_TRUE(test::eventually(
    [&] { return number_at(x.latest().at("canary").as_object(), "/observed") >= 3'000; }));
  EXPECT_EQ(x.state_of_latest(), "verifying") << "its time was over, and nobody has said so";
  EXPECT_NE(x.say({"status"}).out.find("a canary with 50%"), std::string::npos)
    << x.say({"status"}).out;
  const auto promoted = x.say({"promote"});
  EXPECT_EQ(promoted.exit_code, 0) << promoted.err;
  EXPECT_EQ(promoted.out, e2e::url_of("patient") + "\n");
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(x.shown(), "new");
  EXPECT_EQ(x.latest().at("canary").as_object().at("promoted_by"), "admin");
  const auto again = x.say({"promote"});
  EXPECT_EQ(again.exit_code, 1);
  EXPECT_NE(again.err.find("no canary to promote"), std::string::npos) << again.err;
}

class CanaryCrashTest : public ::testing::Test {
protected:
  e2e::daemon_process& daemon = e2e::daemon_process::instance();
  const e2e::small_app x{"lazarus"};

  /// Deploys a canary that gets half of the requests for some time.
  void begin() {
    x.write("old");
    ASSERT_EQ(x.deploy().exit_code, 0);
    x.write("new", "", "deploy: {strategy: canary, canary: {weight: 50%, duration: 60s}}\n");
    ASSERT_EQ(x.say({"deploy", "--detach"}).exit_code, 0);
    ASSERT_TRUE(has_canary(x));
  }

  void end(const std::string& state, const std::string& page) {
    EXPECT_TRUE(test::eventually([&] { return x.state_of_latest() == state; }))
      << x.state_of_latest();
    for (int i = 0; i < 20; ++i)
      EXPECT_EQ(x.shown(), page);
    EXPECT_EQ(e2e::leftovers(), "");
    EXPECT_EQ(x.say({"destroy", "lazarus", "--confirm", "lazarus"}).exit_code, 0);
  }
};

TEST_F(CanaryCrashTest, KilledInTheMiddleTheShareIsTheSameAndItGoesOn) {
  begin();
  {
    visitors guests{x};
    EXPECT_TRUE(test::eventually(
      [&] { return number_at(x.latest().at("canary").as_object(), "/canary/requests") > 5; }));
  }
  daemon.kill();
  daemon.start();
  int fresh = 0;
  for (int i = 0; i < 40; ++i) { // from the first request on
    const auto page = x.shown();
    EXPECT_TRUE(page == "old" || page == "new") << page;
    fresh += page == "new" ? 1 : 0;
  }
  EXPECT_NEAR(fresh, 20, 3);
  EXPECT_EQ(x.state_of_latest(), "verifying");
  EXPECT_GT(number_at(x.latest().at("canary").as_object(), "/canary/requests"), 5u)
    << "what was seen before is not forgotten";
  end("succeeded", "new");
}

TEST_F(CanaryCrashTest, KilledInTheMiddleABadOneIsStillTakenBack) {
  x.write("old");
  ASSERT_EQ(x.deploy().exit_code, 0);
  x.write_handler("s.statusCode = 500; s.end('new')",
                  "deploy: {strategy: canary, canary: {weight: 50%, duration: 10m}}\n");
  ASSERT_EQ(x.say({"deploy", "--detach"}).exit_code, 0);
  ASSERT_TRUE(has_canary(x));
  daemon.kill();
  daemon.start();
  {
    visitors guests{x};
    EXPECT_TRUE(test::eventually([&] { return x.state_of_latest() == "rolled_back"; }));
  }
  end("rolled_back", "old");
}

TEST_F(CanaryCrashTest, KilledAsItIsPromotedItIsPromoted) {
  x.write("old");
  ASSERT_EQ(x.deploy().exit_code, 0);
  x.write("new", "", "deploy: {strategy: canary, canary: {weight: 50%, duration: 3s}}\n");
  daemon.stop();
  daemon.start_to_die("after canary_promoted");
  ASSERT_EQ(x.say({"deploy", "--detach"}).exit_code, 0);
  ASSERT_TRUE(daemon.dies());
  daemon.start();
  end("succeeded", "new");
}

} // namespace
