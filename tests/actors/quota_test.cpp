#include "actors/quota.hpp"
#include "protocol/types.hpp"
#include "tests/support/error_of.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

using namespace backendim;
using namespace std::chrono_literals;
using test::error_of;

namespace {

class QuotaTest : public ::testing::Test {
protected:
  quota_data s = [] {
    quota_data x;
    x.tenant = "acme";
    return x;
  }();
  caf::timestamp now{1'000h};
  size_t kept = 0; ///< Events.

  template <class Command>
  caf::error run(const Command& x) {
    auto events = decide(s, x, {now, "id"});
    if (!events)
      return events.error();
    kept += events->size();
    for (const auto& event : *events)
      std::visit([&](const auto& e) { apply(s, e); }, event);
    return {};
  }

  caf::error claim(const std::string& app, uint32_t tasks) {
    return run(claim_tasks{app, tasks, {"ada", "r"}});
  }
  void note(const std::string& app, uint32_t tasks, bool at_least = false) {
    EXPECT_FALSE(run(note_tasks{app, tasks, at_least, {"", "n"}}));
  }
  void limit(const quota_limits& x) { EXPECT_FALSE(run(set_quota{x, {"root", "q"}})); }
  static quota_limits of_apps(uint32_t n) {
    quota_limits result;
    result.apps = n;
    return result;
  }
  static quota_refusal refusal(const caf::error& x) {
    return x && x.context().match_elements<quota_refusal>() ? x.context().get_as<quota_refusal>(0)
                                                            : quota_refusal{};
  }
  static quota_limits of_requests(uint32_t n) {
    quota_limits result;
    result.requests_per_second = n;
    return result;
  }
  quota_report seen() { return *answer(s, get_quota{}); }
};

TEST_F(QuotaTest, NoRequestsAtAllIsNoPace) {
  EXPECT_EQ(run(set_quota{of_requests(0), {"root", "q"}}), ec::invalid_request);
  EXPECT_FALSE(run(set_quota{of_requests(1), {"root", "q"}}));
  EXPECT_EQ(seen().limits.requests_per_second, 1u);
}

TEST_F(QuotaTest, WithoutALimitEverythingHasRoom) {
  for (int i = 0; i < 100; ++i)
    EXPECT_FALSE(claim("app" + std::to_string(i), 20));
}

TEST_F(QuotaTest, OneAppMoreThanAllowedIsRefusedUntilOneIsDestroyed) {
  limit(of_apps(2));
  for (const auto* app : {"one", "two"}) {
    EXPECT_FALSE(claim(app, 1));
    note(app, 1);
  }
  const auto why = claim("three", 1);
  EXPECT_EQ(why, ec::quota_exceeded);
  EXPECT_EQ(http_status(ec::quota_exceeded), 403u);
  EXPECT_EQ(refusal(why).quota, quota_kind::apps);
  EXPECT_EQ(refusal(why).used, 2u);
  EXPECT_EQ(refusal(why).limit, 2u);
  EXPECT_NE(refusal(why).next.find("backend-im admin quota acme --apps 3"), std::string::npos)
    << refusal(why).next;
  EXPECT_FALSE(claim("one", 1)) << "what is there may go on";
  EXPECT_FALSE(run(forget_app{"one", {"", "f"}}));
  EXPECT_FALSE(claim("three", 1));
}

/// Each claim is an event before the next one is decided, so two at once cannot both find the
/// last room.
TEST_F(QuotaTest, RoomThatIsClaimedIsTakenAndComesBackWhenTheAppNeverWas) {
  limit(of_apps(1));
  EXPECT_FALSE(claim("one", 1));
  EXPECT_EQ(claim("two", 1), ec::quota_exceeded);
  EXPECT_FALSE(claim("one", 1)) << "the same once more";
  EXPECT_EQ(seen().apps, 0u) << "it is not there yet";
  EXPECT_FALSE(run(forget_app{"one", {"", "f"}}));
  EXPECT_EQ(claim("two", 1), ec::quota_exceeded) << "a claim is not forgotten by an older app";
  now += room_kept_for;
  EXPECT_FALSE(claim("two", 1));
  note("one", 1, true);
  EXPECT_EQ(seen().apps, 1u) << "a fact, whatever the limit";
}

TEST_F(QuotaTest, TasksAreCountedInCoresAndBytes) {
  quota_limits x;
  x.cpu_millis = 3'500;
  limit(x);
  note("one", 2);
  EXPECT_FALSE(claim("two", 1));
  const auto why = claim("one", 3);
  EXPECT_EQ(refusal(why).quota, quota_kind::cpu);
  EXPECT_EQ(refusal(why).used, 3'000u);
  EXPECT_EQ(refusal(why).limit, 3'500u);
  EXPECT_NE(refusal(why).detail.find("4 cores"), std::string::npos) << refusal(why).detail;
  EXPECT_NE(refusal(why).detail.find("3.5 cores"), std::string::npos) << refusal(why).detail;
  x = {};
  x.memory_bytes = 3 * task_memory;
  limit(x);
  EXPECT_EQ(refusal(claim("two", 2)).quota, quota_kind::memory);
  EXPECT_FALSE(claim("two", 1));
  EXPECT_EQ(seen().cpu_millis, 2'000u);
  EXPECT_EQ(seen().memory_bytes, 2 * task_memory);
}

TEST_F(QuotaTest, AClaimOnlyRaisesAndAFactSets) {
  quota_limits x;
  x.cpu_millis = 4'000;
  limit(x);
  note("one", 1);
  EXPECT_FALSE(claim("one", 4));
  EXPECT_EQ(claim("two", 1), ec::quota_exceeded);
  note("one", 1, true);
  EXPECT_EQ(claim("two", 1), ec::quota_exceeded) << "a deployment under way keeps its room";
  note("one", 1);
  EXPECT_FALSE(claim("two", 3));
}

TEST_F(QuotaTest, ALowerLimitTakesNothingAwayAndLetsNothingGrow) {
  note("one", 3);
  quota_limits x;
  x.cpu_millis = 1'000;
  x.apps = 0;
  limit(x);
  EXPECT_FALSE(claim("one", 3)) << "the next release of the same size";
  EXPECT_FALSE(claim("one", 1));
  EXPECT_EQ(claim("one", 4), ec::quota_exceeded);
  EXPECT_EQ(seen().items.at(0).tasks, 3u);
}

TEST_F(QuotaTest, WhatChangesNothingIsNotWrittenDown) {
  note("one", 2);
  limit(of_apps(3));
  const auto before = kept;
  note("one", 2);
  note("one", 1, true);
  limit(of_apps(3));
  EXPECT_FALSE(claim("one", 2));
  EXPECT_FALSE(run(forget_app{"ghost", {"", "f"}}));
  EXPECT_EQ(kept, before);
}

} // namespace
