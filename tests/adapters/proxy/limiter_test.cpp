#include "adapters/proxy/limiter.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

using namespace backendim;
using namespace std::chrono_literals;
using proxy::limiter;

namespace {

class LimiterTest : public ::testing::Test {
protected:
  limiter::clock::time_point now{1'000s};

  static ip_address client(const std::string& text) { return parse_ip(text).value(); }

  /// How many of *n* requests at this instant pass.
  int passing(limiter& x, const std::string& who, int n) const {
    int result = 0;
    for (int i = 0; i != n; ++i)
      result += x.take(client(who), now).count() == 0;
    return result;
  }
};

TEST_F(LimiterTest, LetsABurstThroughAndThenKeepsThePace) {
  limiter x{{10, 1, 30}};
  EXPECT_EQ(passing(x, "192.0.2.1", 50), 30);
  EXPECT_EQ(x.take(client("192.0.2.1"), now), 100ms) << "says when the next one may come";
  now += 99ms;
  EXPECT_EQ(passing(x, "192.0.2.1", 1), 0);
  now += 1ms;
  EXPECT_EQ(passing(x, "192.0.2.1", 2), 1);
  now += 1s;
  EXPECT_EQ(passing(x, "192.0.2.1", 50), 10);
  now += 1h;
  EXPECT_EQ(passing(x, "192.0.2.1", 50), 30) << "a full bucket does not get fuller";
}

TEST_F(LimiterTest, SlowPacesWaitLong) {
  limiter x{{5, 60, 5}};
  EXPECT_EQ(passing(x, "192.0.2.1", 9), 5);
  EXPECT_EQ(x.take(client("192.0.2.1"), now), 12s);
}

TEST_F(LimiterTest, ClientsHaveBucketsOfTheirOwnAndAnIpv6NetworkHasOne) {
  limiter x{{1, 1, 3}};
  EXPECT_EQ(passing(x, "192.0.2.1", 5), 3);
  EXPECT_EQ(passing(x, "192.0.2.2", 5), 3);
  EXPECT_EQ(passing(x, "2001:db8:0:1::1", 2), 2);
  EXPECT_EQ(passing(x, "2001:db8:0:1:ffff::9", 5), 1) << "the same /64";
  EXPECT_EQ(passing(x, "2001:db8:0:2::1", 5), 3);
}

TEST_F(LimiterTest, AFloodOfAddressesForgetsWhoUsedLeastAndNotWhoUsesMost) {
  limiter x{{1, 60, 20}};
  EXPECT_EQ(passing(x, "192.0.2.1", 30), 20);
  for (unsigned i = 0; i != 100'000; ++i) {
    const auto stranger = client("10." + std::to_string(i >> 16) + "."
                                 + std::to_string(i >> 8 & 255) + "." + std::to_string(i & 255));
    ASSERT_EQ(x.take(stranger, now).count(), 0) << "nobody new is refused";
  }
  EXPECT_EQ(passing(x, "192.0.2.1", 30), 0);
}

TEST_F(LimiterTest, WorkersTogetherLetNoMoreThrough) {
  limiter x{{1, 3'600, 1'000}};
  std::atomic<int> passed{0};
  std::vector<std::thread> workers;
  for (int i = 0; i != 4; ++i)
    workers.emplace_back([&] {
      for (int n = 0; n != 1'000; ++n)
        passed += x.take(client("192.0.2.1"), now).count() == 0;
    });
  for (auto& one : workers)
    one.join();
  EXPECT_EQ(passed, 1'000);
}

TEST_F(LimiterTest, BucketsOutliveTheTableUnlessThePaceChanges) {
  proxy::limiter_registry known;
  const auto first = known.get("a.test", {1, 1, 1});
  EXPECT_EQ(known.get("a.test", {1, 1, 1}), first);
  EXPECT_NE(known.get("b.test", {1, 1, 1}), first);
  EXPECT_NE(known.get("a.test", {2, 1, 1}), first);
}

} // namespace
