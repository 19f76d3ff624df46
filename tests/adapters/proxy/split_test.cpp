#include "adapters/proxy/split.hpp"
#include "tests/adapters/proxy/loopback.hpp"

#include <gtest/gtest.h>

using namespace backendim;
using namespace backendim::test;

namespace {

std::string failing() {
  return "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 3\r\n\r\nnew";
}

/// app.test with a canary that gets *weight*.
std::map<std::string, host_route> split(std::vector<upstream_address> old,
                                        std::vector<upstream_address> fresh, uint32_t weight) {
  host_route result;
  result.upstreams = std::move(old);
  result.split = route_split{"main-app-v2", weight, std::move(fresh)};
  return {{"app.test", result}};
}

/// The counts once *answers* are in them: an answer may be read before it is counted.
split_count count_after(front& edge, uint64_t answers) {
  const auto enough = [&] {
    const auto x = edge->count_of("main-app-v2");
    return x.canary.requests + x.stable.requests >= answers;
  };
  EXPECT_TRUE(eventually(enough));
  return edge->count_of("main-app-v2");
}

TEST(SplitTest, EveryRunOfRequestsComesCloseToTheShare) {
  proxy::split_tally tally;
  const std::vector<uint32_t> weights{1, 100, 1'000, 2'500, 5'000, 9'900};
  for (const auto weight : weights) {
    uint32_t canary = 0;
    for (uint32_t n = 1; n <= 20'000; ++n) {
      canary += tally.deal(weight) == proxy::side::canary ? 1 : 0;
      const double ideal = n * weight / 10'000.0;
      ASSERT_NEAR(canary, ideal, 4) << weight << " after " << n;
    }
  }
}

TEST(SplitTest, EachReleaseGetsItsShareAndItsFailuresAreCounted) {
  origin old{answering([](const auto&) { return ok("old"); })};
  origin fresh{answering([](const auto&) { return failing(); })};
  front edge;
  edge.publish(split({old.address()}, {fresh.address()}, 2'500));
  int of_old = 0, of_fresh = 0;
  auto client = edge.connect();
  for (int i = 0; i != 200; ++i) {
    client.write("GET / HTTP/1.1\r\nHost: app.test\r\n\r\n");
    const auto body = read_answer(client).body;
    of_old += body == "old" ? 1 : 0;
    of_fresh += body == "new" ? 1 : 0;
  }
  EXPECT_EQ(of_old + of_fresh, 200);
  EXPECT_NEAR(of_fresh, 50, 3);
  const auto count = count_after(edge, 200);
  EXPECT_EQ(count.canary.requests, static_cast<uint64_t>(of_fresh));
  EXPECT_EQ(count.canary.failed, static_cast<uint64_t>(of_fresh));
  EXPECT_EQ(count.stable.requests, static_cast<uint64_t>(of_old));
  EXPECT_EQ(count.stable.failed, 0u);
  EXPECT_EQ(count.waiting, 0u);
}

TEST(SplitTest, CountsOutliveTablesButNotTheSplit) {
  origin old{answering([](const auto&) { return ok("old"); })};
  origin fresh{answering([](const auto&) { return ok("new"); })};
  front edge;
  edge.publish(split({old.address()}, {fresh.address()}, 5'000));
  for (int i = 0; i != 10; ++i)
    edge.get("app.test");
  count_after(edge, 10);
  edge.publish(split({old.address(), nobody()}, {fresh.address()}, 5'000));
  edge.publish(split({old.address()}, {}, 5'000));
  EXPECT_EQ(edge.get("app.test").body, "old") << "nobody of it is ready";
  const auto count = edge->count_of("main-app-v2");
  EXPECT_EQ(count.canary.requests + count.stable.requests, 10u);
  EXPECT_NEAR(static_cast<double>(count.canary.requests), 5, 1);
  edge.route("app.test", {fresh.address()}); // promoted
  for (int i = 0; i != 5; ++i)
    EXPECT_EQ(edge.get("app.test").body, "new");
  edge.route("app.test", {fresh.address()});
  EXPECT_EQ(edge->count_of("main-app-v2").canary.requests, 0u);
}

TEST(SplitTest, WhoseCanaryTakesNoConnectionIsServedByTheOthers) {
  origin old{answering([](const auto&) { return ok("old"); })};
  front edge;
  edge.publish(split({old.address()}, {nobody()}, 5'000));
  for (int i = 0; i != 20; ++i)
    EXPECT_EQ(edge.get("app.test").body, "old");
  const auto count = count_after(edge, 30); // ten were tried at both
  EXPECT_NEAR(static_cast<double>(count.canary.failed), 10, 1);
  EXPECT_EQ(count.canary.failed, count.canary.requests);
  EXPECT_EQ(count.stable.requests, 20u);
  EXPECT_EQ(count.stable.failed, 0u);
}

TEST(SplitTest, WhileTheOthersAreAwayTheCanaryServesAll) {
  origin fresh{answering([](const auto&) { return ok("new"); })};
  front edge;
  edge.publish(split({}, {fresh.address()}, 100));
  for (int i = 0; i != 5; ++i)
    EXPECT_EQ(edge.get("app.test").body, "new");
}

TEST(SplitTest, AnAnswerThatBreaksOffBeforeItsHeadIsAFailure) {
  origin old{answering([](const auto&) { return ok("old"); })};
  origin fresh{[](peer& x) { x.until("\r\n\r\n"); }};
  front edge;
  edge.publish(split({old.address()}, {fresh.address()}, 9'999));
  EXPECT_EQ(edge.get("app.test").status, 502u);
  EXPECT_EQ(count_after(edge, 1).canary.failed, 1u);
}

TEST(SplitTest, WhoWaitsIsSeenAndWhoGoesAwayIsNotCounted) {
  origin old{answering([](const auto&) { return ok("old"); })};
  origin fresh{[](peer& x) { x.rest(); }};
  front edge;
  edge.publish(split({old.address()}, {fresh.address()}, 9'999));
  auto client = edge.connect();
  client.write("GET / HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n\r\n");
  const auto waiting = [&](uint64_t wanted) {
    return eventually([&] { return edge->count_of("main-app-v2").waiting == wanted; });
  };
  EXPECT_TRUE(waiting(1));
  edge.route("app.test", {old.address()}); // it is counted under a split that has ended
  edge.publish(split({old.address()}, {fresh.address()}, 9'999));
  EXPECT_TRUE(waiting(1));
  client.close();
  edge->stop(0ms);
  EXPECT_TRUE(waiting(0));
  EXPECT_EQ(edge->count_of("main-app-v2").canary.requests, 0u);
}

TEST(SplitTest, UpgradedConnectionsAndClientErrorsAreNoFailures) {
  origin old{answering([](const auto&) { return ok("old"); })};
  origin fresh{answering([](const auto& head) {
    return head.find("Upgrade") != std::string::npos
             ? "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"
             : "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
  })};
  front edge;
  edge.publish(split({old.address()}, {fresh.address()}, 9'999));
  EXPECT_EQ(edge.get("app.test").status, 404u);
  auto client = edge.connect();
  client.write("GET / HTTP/1.1\r\nHost: app.test\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n");
  EXPECT_EQ(read_answer(client, true).status, 101u);
  EXPECT_EQ(count_after(edge, 2).canary, (request_count{2, 0}));
}

} // namespace
