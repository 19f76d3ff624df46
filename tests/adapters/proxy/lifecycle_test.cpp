#include "protocol/types.hpp"
#include "tests/adapters/proxy/loopback.hpp"
#include "tests/support/error_of.hpp"

#include <gtest/gtest.h>

using namespace backendim;
using namespace backendim::test;

namespace {

const std::string get = "GET / HTTP/1.1\r\nHost: app.test\r\n\r\n";

/// A task that answers when it is let.
struct slow_task {
  std::promise<void> asked;
  std::promise<void> let;
  origin server{[this, may = let.get_future().share()](peer& x) {
    x.until("\r\n\r\n");
    asked.set_value();
    may.wait();
    x.write(ok("late"));
    x.rest();
  }};
};

TEST(EdgeLifecycleTest, ARequestUnderWayOutlivesItsRoute) {
  slow_task old;
  origin fresh{answering([](const auto&) { return ok("fresh"); })};
  front edge;
  edge.route("app.test", {old.server.address()});
  auto client = edge.connect();
  client.write(get);
  old.asked.get_future().wait();
  edge.route("app.test", {fresh.address()}); // returns although the old request goes on
  EXPECT_EQ(edge.get("app.test").body, "fresh");
  std::promise<void> idle;
  auto is_idle = idle.get_future();
  edge->when_idle({old.server.address()}, [&] { idle.set_value(); });
  EXPECT_EQ(edge.get("app.test").body, "fresh");
  EXPECT_EQ(is_idle.wait_for(0s), std::future_status::timeout);
  old.let.set_value();
  EXPECT_EQ(read_answer(client).body, "late");
  EXPECT_EQ(is_idle.wait_for(patience), std::future_status::ready);
  client.write(get);
  EXPECT_EQ(read_answer(client).body, "fresh");
}

TEST(EdgeLifecycleTest, IdleConnectionsToRemovedTasksAreClosed) {
  std::promise<void> closed;
  origin task{[&](peer& x) {
    x.until("\r\n\r\n");
    x.write(ok("x"));
    x.rest();
    closed.set_value();
  }};
  front edge;
  edge.route("app.test", {task.address()});
  EXPECT_EQ(edge.get("app.test").body, "x");
  edge.publish({});
  EXPECT_EQ(closed.get_future().wait_for(patience), std::future_status::ready);
}

TEST(EdgeLifecycleTest, WhoIsUnknownOrUnusedIsIdle) {
  origin task{answering([](const auto&) { return ok("x"); })};
  front edge;
  edge.route("app.test", {task.address()});
  EXPECT_EQ(edge.get("app.test").body, "x");
  std::promise<void> idle;
  edge->when_idle({task.address(), {"10.0.0.1", 1}}, [&] { idle.set_value(); });
  EXPECT_EQ(idle.get_future().wait_for(patience), std::future_status::ready);
  std::promise<void> none;
  edge->when_idle({}, [&] { none.set_value(); });
  EXPECT_EQ(none.get_future().wait_for(patience), std::future_status::ready);
}

TEST(EdgeLifecycleTest, ATunnelIsInFlight) {
  origin task{[](peer& x) {
    x.until("\r\n\r\n");
    x.write("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
    x.rest();
  }};
  front edge;
  edge.route("app.test", {task.address()});
  auto client = edge.connect();
  client.write("GET / HTTP/1.1\r\nHost: app.test\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
  EXPECT_FALSE(client.until("\r\n\r\n").empty());
  edge.publish({});
  std::atomic<bool> left{false};
  std::promise<bool> idle;
  auto is_idle = idle.get_future();
  edge->when_idle({task.address()}, [&] { idle.set_value(left); });
  EXPECT_EQ(edge.get("app.test").status, 404u);
  left = true;
  client.close();
  ASSERT_EQ(is_idle.wait_for(patience), std::future_status::ready);
  EXPECT_TRUE(is_idle.get()) << "it was idle with the tunnel open";
}

TEST(EdgeLifecycleTest, AnOlderTableDoesNotReplaceANewerOne) {
  front edge;
  std::promise<void> both[2];
  edge->publish({7, {{"app.test", {}}}}, [&] { both[0].set_value(); });
  edge->publish({6, {}}, [&] { both[1].set_value(); });
  both[0].get_future().wait();
  both[1].get_future().wait();
  EXPECT_EQ(edge.get("app.test").status, 503u);
}

TEST(EdgeLifecycleTest, StopLetsRequestsFinish) {
  slow_task task;
  front edge;
  edge.route("app.test", {task.server.address()});
  auto client = edge.connect();
  auto unused = edge.connect();
  client.write(get);
  task.asked.get_future().wait();
  std::thread stopper{[&] { edge->stop(1h); }};
  EXPECT_EQ(unused.rest(), ""); // closed when a second has passed without a request
  task.let.set_value();
  const auto got = read_answer(client);
  EXPECT_EQ(got.body, "late");
  EXPECT_EQ(got.field("Connection"), "close");
  EXPECT_EQ(client.rest(), "");
  client.close();
  stopper.join();
  EXPECT_EQ(edge->counters().open_connections, 0u);
}

TEST(EdgeLifecycleTest, RequestThatWasOnItsWayWhenItStoppedIsAnswered) {
  front edge;
  edge->publish({1, {{"app.test", {}}}}, [] {});
  auto client = edge.connect();
  client.write(get);
  EXPECT_EQ(read_answer(client).status, 503u);
  std::thread stopper{[&] { edge->stop(1h); }};
  while (edge.connects()) // until it takes no new ones
    continue;
  client.write(get);
  const auto got = read_answer(client);
  EXPECT_EQ(got.status, 503u);
  EXPECT_EQ(got.field("Connection"), "close");
  stopper.join();
}

TEST(EdgeLifecycleTest, StopCutsWhatIsLeftAndAnswersAll) {
  slow_task task;
  front edge;
  edge.route("app.test", {task.server.address()});
  auto client = edge.connect();
  client.write(get);
  task.asked.get_future().wait();
  std::atomic<int> idle{0};
  std::atomic<int> used{0};
  edge->when_idle({task.server.address()}, [&] { ++idle; });
  edge->publish({9, {}}, [&] { ++used; });
  edge->stop(10ms);
  EXPECT_EQ(idle, 1);
  EXPECT_EQ(used, 1);
  EXPECT_EQ(client.rest(), "");
  edge->when_idle({task.server.address()}, [&] { ++idle; });
  edge->publish({10, {}}, [&] { ++used; });
  EXPECT_EQ(idle, 2);
  EXPECT_EQ(used, 2);
  edge->stop(10ms);
  task.let.set_value();
}

TEST(EdgeLifecycleTest, TablesMayChangeUnderLoad) {
  origin a{answering([](const auto&) { return ok("a"); })};
  origin b{answering([](const auto&) { return ok("b"); })};
  front edge;
  edge.route("app.test", {a.address(), b.address()});
  std::atomic<bool> done{false};
  std::atomic<int> bad{0};
  std::vector<std::thread> clients;
  for (int i = 0; i != 4; ++i)
    clients.emplace_back([&] {
      auto client = edge.connect();
      while (!done) {
        client.write(get);
        bad += read_answer(client).status != 200;
      }
    });
  for (int i = 0; i != 100; ++i) {
    edge.route("app.test", {i % 2 == 0 ? a.address() : b.address()});
    std::promise<void> idle;
    edge->when_idle({i % 2 == 0 ? b.address() : a.address()}, [&] { idle.set_value(); });
    EXPECT_EQ(idle.get_future().wait_for(patience), std::future_status::ready);
  }
  done = true;
  for (auto& x : clients)
    x.join();
  EXPECT_EQ(bad, 0);
}

TEST(EdgeLifecycleTest, APortThatIsTakenIsAnError) {
  front edge;
  proxy::edge_config config;
  config.port = edge->port();
  EXPECT_EQ(error_of(proxy::open_edge(config)), ec::unavailable);
  config.address = "somewhere";
  EXPECT_EQ(error_of(proxy::open_edge(config)), ec::invalid_request);
}

} // namespace
