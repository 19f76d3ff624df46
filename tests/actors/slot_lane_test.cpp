#include "actors/admission.hpp"
#include "actors/slot_lane.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

using namespace backendim;
using namespace std::chrono_literals;

namespace {

class SlotLaneTest : public ::testing::Test {
protected:
  slot_lane lane{1};
  slot_lane::clock::time_point now{1h};

  void enter(const std::string& tenant, const std::vector<slot_lane::ticket>& all) {
    for (const auto x : all)
      lane.enter(x, tenant);
  }

  /// Who gets a slot, one after the other, when each runs for *time*.
  std::vector<slot_lane::ticket> served(std::chrono::milliseconds time = 10s) {
    std::vector<slot_lane::ticket> result;
    while (const auto x = lane.admit(now)) {
      result.push_back(*x);
      now += time;
      lane.leave(*x, now, true);
    }
    return result;
  }

  std::vector<slot_lane::ticket> order() const {
    std::vector<slot_lane::ticket> result;
    for (const auto& x : lane.turns(now))
      result.push_back(x.who);
    return result;
  }
};

using tickets = std::vector<slot_lane::ticket>;

TEST_F(SlotLaneTest, TenantsTakeTurnsAndEachIsServedInOrder) {
  enter("flood", {1, 2, 3, 4});
  enter("small", {10});
  enter("other", {20, 21});
  const tickets expected{1, 10, 20, 2, 21, 3, 4};
  EXPECT_EQ(order(), expected) << "what is foretold";
  EXPECT_EQ(served(), expected) << "what happens";
}

TEST_F(SlotLaneTest, WhoComesBackAtOnceStandsBehindWhoWaited) {
  enter("a", {1, 2});
  enter("b", {10});
  ASSERT_EQ(lane.admit(now), 1u);
  lane.leave(1, now, true);
  ASSERT_EQ(lane.admit(now), 10u);
  enter("b", {11}); // while its first one runs
  enter("c", {20});
  lane.leave(10, now, true);
  EXPECT_EQ(served(), (tickets{20, 2, 11}));
}

TEST_F(SlotLaneTest, WhoJustHadTheSlotDoesNotHaveTheNextOneToo) {
  enter("flood", {1});
  ASSERT_EQ(lane.admit(now), 1u);
  enter("flood", {2, 3, 4, 5, 6, 7, 8, 9, 10});
  enter("small", {20});
  EXPECT_EQ(order().front(), 20u) << "what is foretold";
  lane.leave(1, now += 10s, true);
  EXPECT_EQ(lane.admit(now), 20u) << "what happens";
}

TEST_F(SlotLaneTest, NoMoreRunThanThereAreSlots) {
  lane = slot_lane{2};
  enter("a", {1, 2, 3});
  EXPECT_TRUE(lane.admit(now));
  EXPECT_TRUE(lane.admit(now));
  EXPECT_FALSE(lane.admit(now));
  lane.leave(1, now, true);
  EXPECT_EQ(lane.admit(now), 3u);
}

TEST_F(SlotLaneTest, WithdrawnOnesLoseTheirTurn) {
  enter("a", {1});
  enter("b", {10, 11});
  lane.withdraw(1);
  lane.withdraw(10);
  EXPECT_EQ(lane.waiting(), 1u);
  EXPECT_EQ(served(), (tickets{11}));
}

TEST_F(SlotLaneTest, NothingIsForetoldBeforeTheFirstHasEnded) {
  enter("a", {1, 2});
  lane.admit(now);
  EXPECT_FALSE(lane.turns(now)[0].wait);
  EXPECT_FALSE(lane.next_slot(now));
  lane.leave(1, now, false); // cancelled: its time says nothing
  lane.admit(now);
  EXPECT_FALSE(lane.usual_time());
}

TEST_F(SlotLaneTest, WaitComesFromTimesSlotsAndWhatRuns) {
  lane = slot_lane{2};
  enter("a", {1});
  lane.admit(now);
  lane.leave(1, now += 40s, true);
  ASSERT_EQ(lane.usual_time(), 40s);
  enter("a", {2});
  lane.admit(now);
  now += 10s;
  enter("a", {3, 4, 5, 6});
  lane.admit(now);
  const auto turns = lane.turns(now); // 2 has 30 s to go, 3 has 40 s
  ASSERT_EQ(turns.size(), 3u);
  EXPECT_EQ(turns[0].wait, 30s);
  EXPECT_EQ(turns[1].wait, 40s);
  EXPECT_EQ(turns[2].wait, 70s);
  EXPECT_EQ(lane.next_slot(now), 30s);
}

TEST_F(SlotLaneTest, LaterTimesWeighMore) {
  enter("a", {1, 2, 3, 4, 5, 6});
  for (const auto time : {100s, 10s, 10s, 10s, 10s, 10s}) {
    const auto x = lane.admit(now);
    lane.leave(*x, now += time, true);
  }
  EXPECT_LT(*lane.usual_time(), 30s);
  EXPECT_GT(*lane.usual_time(), 10s);
}

TEST(AdmissionTest, SaysWhatIsScarce) {
  const admission_limits limits{
    .disk_floor = 1'000, .file_floor = 100, .memory_floor = 500, .memory_of_build = 100};
  const machine_load good{
    700, 9'000, {{"/a", 1'000, 9'000, 100, 100'000}, {"/b", 1'000, 2'000, 0, 0}}};
  EXPECT_FALSE(scarce(good, limits, 1));
  EXPECT_EQ(scarce(good, limits, 2)->what, bottleneck::memory) << "each build keeps some";
  auto load = good;
  load.disks[1].free_bytes = 999;
  EXPECT_EQ(scarce(load, limits, 0)->what, bottleneck::disk);
  EXPECT_NE(scarce(load, limits, 0)->detail.find("/b"), std::string::npos) << "which one";
  load = good;
  load.disks[0].free_files = 99;
  EXPECT_EQ(scarce(load, limits, 0)->what, bottleneck::disk);
  load.disks[0].total_files = 200; // a small disk
  EXPECT_FALSE(scarce(load, limits, 0));
}

} // namespace
