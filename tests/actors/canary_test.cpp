#include "actors/canary.hpp"

#include <gtest/gtest.h>

#include <string>

using namespace backendim;
using namespace std::chrono_literals;
using verdict = canary_verdict;

namespace {

/// 5% of 20 requests or more may fail, in 60 s.
canary_terms usual() {
  return {};
}

canary_view after(std::chrono::seconds time, uint64_t requests, uint64_t failed,
                  uint64_t waiting = 0) {
  return {time, {requests, failed}, {}, waiting};
}

TEST(CanaryTest, GoodOnesArePromotedWhenTheirTimeIsOver) {
  EXPECT_EQ(judge(usual(), after(59s, 1'000, 0)), verdict::go_on);
  EXPECT_EQ(judge(usual(), after(60s, 1'000, 0)), verdict::promote);
  EXPECT_EQ(judge(usual(), after(60s, 1'000, 50)), verdict::promote) << "5% may fail";
}

TEST(CanaryTest, BadOnesAreTakenBackAsSoonAsItIsClear) {
  EXPECT_EQ(judge(usual(), after(2s, 19, 19)), verdict::go_on) << "too few to say";
  EXPECT_EQ(judge(usual(), after(2s, 20, 1)), verdict::go_on);
  EXPECT_EQ(judge(usual(), after(2s, 20, 2)), verdict::revert);
  EXPECT_EQ(judge(usual(), after(60s, 1'000, 51)), verdict::revert);
}

TEST(CanaryTest, AtTheEndFewRequestsCountToo) {
  EXPECT_EQ(judge(usual(), after(60s, 0, 0)), verdict::promote) << "nobody asked for anything";
  EXPECT_EQ(judge(usual(), after(60s, 3, 0)), verdict::promote);
  EXPECT_EQ(judge(usual(), after(60s, 3, 1)), verdict::revert);
}

TEST(CanaryTest, RequestsWithoutAnAnswerHoldThePromotionUp) {
  EXPECT_EQ(judge(usual(), after(60s, 0, 0, 1)), verdict::go_on);
  EXPECT_EQ(judge(usual(), after(60s, 100, 0, 5)), verdict::promote) << "usual for slow answers";
  EXPECT_EQ(judge(usual(), after(60s, 100, 0, 6)), verdict::go_on);
  EXPECT_EQ(judge(usual(), after(60s + answer_patience, 100, 0, 6)), verdict::promote)
    << "they are others by then";
}

TEST(CanaryTest, ByHandItWaitsForItsDeadlineAndIsStillWatched) {
  auto terms = usual();
  terms.auto_promote = false;
  EXPECT_EQ(judge(terms, after(60s, 100, 0)), verdict::go_on);
  EXPECT_EQ(judge(terms, after(3'599s, 100, 0)), verdict::go_on);
  EXPECT_EQ(judge(terms, after(3'600s, 100, 0)), verdict::expire);
  EXPECT_EQ(judge(terms, after(1'800s, 100, 6)), verdict::revert);
}

TEST(CanaryTest, BoundsOfNothingAndEverything) {
  auto terms = usual();
  terms.max_error_rate = 0;
  terms.min_requests = 1;
  EXPECT_EQ(judge(terms, after(1s, 1'000'000, 1)), verdict::revert);
  EXPECT_EQ(judge(terms, after(60s, 1'000'000, 0)), verdict::promote);
  terms.max_error_rate = whole_share;
  EXPECT_EQ(judge(terms, after(60s, 9, 9)), verdict::promote);
}

TEST(CanaryTest, TheReasonNamesBothReleasesCounts) {
  const canary_view seen{12s, {24, 12}, {216, 1}, 0};
  const auto why = canary_failure(verdict::revert, usual(), seen, 3, 2);
  EXPECT_EQ(why.code, cause::canary_failed);
  EXPECT_NE(why.message.find("12 of 24 requests failed (50%)"), std::string::npos) << why.message;
  ASSERT_EQ(why.evidence.size(), 2u);
  EXPECT_EQ(why.evidence[0],
            "v3, with 10% of the requests for 12 s: 12 of 24 requests failed (50%)");
  EXPECT_EQ(why.evidence[1], "v2, with the rest: 1 of 216 requests failed (0.46%)");
  EXPECT_EQ(canary_failure(verdict::expire, usual(), seen, 3, 2).code, cause::canary_not_promoted);
}

TEST(CanaryTest, AWeekOfSamplesIsAFewHundredEvents) {
  int count = 0;
  for (auto at = 0s; at < 7 * 24h; at += sample_pause(at))
    ++count;
  EXPECT_LT(count, 300);
}

} // namespace
