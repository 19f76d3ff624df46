#include "adapters/traefik/front_door.hpp"
#include "protocol/types.hpp"
#include "tests/adapters/proxy/loopback.hpp"
#include "tests/support/error_of.hpp"
#include "tests/support/eventually.hpp"

#include <gtest/gtest.h>

#include <future>
#include <map>
#include <mutex>
#include <set>

using namespace backendim;
using namespace backendim::test;
using namespace std::chrono_literals;

namespace {

class silent_edge : public edge {
public:
  void publish(route_table x, std::function<void()> used) override {
    tables.push_back(std::move(x));
    used();
  }
  void when_idle(std::vector<upstream_address>, std::function<void()> idle) override { idle(); }
  split_count count_of(const std::string& name) override {
    return name == "acme-shop-v2" ? split_count{{7, 3}, {63, 0}, 1} : split_count{};
  }
  std::vector<route_table> tables;
};

/// Plays Traefik: API and entrypoint at one port.
class played_traefik {
public:
  void route(const std::string& host) {
    std::lock_guard lock{mutex_};
    routed_.insert(host);
  }
  /// The API knows the host, but another router's service answers for it.
  void hijack(const std::string& host) {
    std::lock_guard lock{mutex_};
    routed_.insert(host);
    hijacked_.insert(host);
  }
  void refuse(const std::string& error) {
    std::lock_guard lock{mutex_};
    error_ = error;
  }
  /// How often the API was asked for a host that is not routed.
  int missed() {
    std::lock_guard lock{mutex_};
    return missed_;
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(server_.address().port); }

private:
  std::string answer(const std::string& head) {
    std::lock_guard lock{mutex_};
    for (const auto& host : routed_) {
      if (head.find("GET /api/http/routers/" + traefik::router_name(host) + "%40http ") == 0)
        return ok(error_.empty() ? R"({"status":"enabled"})"
                                 : R"({"status":"disabled","error":[")" + error_ + R"("]})");
      if (field_of(head, "Host") == host && field_of(head, "X-Backend-Im-Proof") == "question")
        return ok(hijacked_.contains(host) ? "another's" : "the-answer");
    }
    missed_ += head.starts_with("GET /api/http/routers/") ? 1 : 0;
    return "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
  }

  std::mutex mutex_;
  std::set<std::string> routed_;
  std::set<std::string> hijacked_;
  std::string error_;
  int missed_ = 0;
  origin server_{answering([this](const auto& head) { return answer(head); })};
};

class FrontDoorTest : public ::testing::Test {
protected:
  FrontDoorTest() {
    settings.gateway = "http://127.0.0.1:8080";
    settings.api = settings.entry = proxy.url();
    settings.token = "secret";
    settings.proof = {"question", "the-answer"};
    settings.patience = 1h;
    settings.kept = "";
    settings.keep = [this](std::string_view x) {
      std::lock_guard lock{mutex};
      kept = x;
    };
  }

  traefik::front_door& open() {
    door = std::make_unique<traefik::front_door>(behind, settings);
    return *door;
  }
  void publish(const std::vector<std::string>& hosts) {
    route_table table;
    table.epoch = ++epoch;
    for (const auto& host : hosts)
      table.hosts[host] = {};
    bool used = false;
    door->publish(std::move(table), [&] { used = true; });
    EXPECT_TRUE(used);
  }
  std::future<caf::error> reach(const std::string& host) {
    auto promise = std::make_shared<std::promise<caf::error>>();
    door->when_reachable(host, [promise](caf::error x) { promise->set_value(std::move(x)); });
    return promise->get_future();
  }
  std::string told() {
    const auto got = door->configuration_for("Bearer secret");
    return got ? *got : render(got.error());
  }
  bool tells(const std::string& host) { return told().find("`" + host + "`") != std::string::npos; }
  std::string kept_text() {
    std::lock_guard lock{mutex};
    return kept;
  }

  played_traefik proxy;
  std::shared_ptr<silent_edge> behind = std::make_shared<silent_edge>();
  traefik::front_door_settings settings;
  std::mutex mutex;
  std::string kept;
  uint64_t epoch = 0;
  std::unique_ptr<traefik::front_door> door;
};

TEST_F(FrontDoorTest, ASplitIsDealtOutAndCountedBehindIt) {
  open();
  route_table table;
  table.epoch = 1;
  table.hosts["shop.test"].split = route_split{"acme-shop-v2", 1'000, {{"172.18.0.7", 80}}};
  door->publish(std::move(table), [] {});
  EXPECT_EQ(behind->tables.back().hosts.at("shop.test").split->weight, 1'000u);
  EXPECT_EQ(door->count_of("acme-shop-v2").canary, (request_count{7, 3}));
  EXPECT_EQ(door->count_of("acme-shop-v2").waiting, 1u);
}

TEST_F(FrontDoorTest, TellsTraefikWithTheTokenOnly) {
  open();
  publish({"a.test"});
  EXPECT_TRUE(tells("a.test"));
  for (const auto* wrong : {"", "secret", "Bearer ", "Bearer secrets", "Bearer bim_x_secret"})
    EXPECT_EQ(error_of(door->configuration_for(wrong)), ec::unauthenticated) << wrong;
}

TEST_F(FrontDoorTest, ChangedTasksChangeNoByteForTraefik) {
  open();
  publish({"a.test"});
  const auto before = told();
  route_table table;
  table.epoch = ++epoch;
  table.hosts["a.test"] = {{{"172.18.0.5", 3000}}, "title", "text"};
  door->publish(table, [] {});
  EXPECT_EQ(told(), before);
  EXPECT_EQ(behind->tables.back().hosts.at("a.test").upstreams.size(), 1u);
}

TEST_F(FrontDoorTest, AHostIsReachableOnceTraefikRoutesIt) {
  open();
  publish({"a.test"});
  auto reached = reach("a.test");
  EXPECT_TRUE(eventually([&] { return proxy.missed() >= 2; }));
  EXPECT_EQ(reached.wait_for(0s), std::future_status::timeout);
  proxy.route("a.test");
  EXPECT_FALSE(reached.get());
  EXPECT_EQ(reach("a.test").wait_for(0s), std::future_status::ready); // remembered
  publish({});
  publish({"a.test"});
  EXPECT_FALSE(reach("a.test").get()); // looked at anew
}

TEST_F(FrontDoorTest, WhatDoesNotBecomeReachableSaysWhy) {
  settings.patience = 100ms;
  open();
  publish({"a.test", "b.test"});
  auto why = reach("a.test").get();
  EXPECT_EQ(why, ec::unavailable);
  EXPECT_EQ(failure_of(why).code, cause::route_missing);
  proxy.route("b.test");
  proxy.refuse("the entrypoint is not there");
  why = reach("b.test").get();
  EXPECT_NE(failure_of(why).evidence.at(0).find("the entrypoint is not there"), std::string::npos);
}

TEST_F(FrontDoorTest, SomebodyElsesAnswerIsNoProof) {
  settings.patience = 100ms;
  open();
  publish({"a.test"});
  proxy.hijack("a.test");
  const auto why = reach("a.test").get();
  ASSERT_EQ(why, ec::unavailable);
  EXPECT_EQ(failure_of(why).code, cause::route_missing);
}

TEST_F(FrontDoorTest, OneThatIsAwayHoldsNobodyForLong) {
  settings.patience = 100ms;
  settings.api = "http://127.0.0.1:" + std::to_string(nobody().port);
  open();
  publish({"a.test", "b.test"});
  auto one = reach("a.test"), other = reach("b.test");
  for (auto* x : {&one, &other})
    EXPECT_EQ(failure_of(x->get()).code, cause::route_missing);
}

TEST_F(FrontDoorTest, WhoWaitsWhenItStopsIsTold) {
  open();
  publish({"a.test"});
  auto reached = reach("a.test");
  door->stop();
  EXPECT_EQ(reached.get(), ec::unavailable);
  EXPECT_EQ(reach("a.test").get(), ec::unavailable);
}

TEST_F(FrontDoorTest, ATraefikThatNoLongerAsksIsTrouble) {
  settings.silence = 200ms;
  open();
  publish({"a.test"});
  const auto is_content = [&] { // unless this thread is too late to look
    (void)told();
    return !door->trouble();
  };
  EXPECT_TRUE(eventually(is_content));
  EXPECT_TRUE(eventually([&] { return door->trouble() == ec::unavailable; }));
  (void)door->configuration_for("Bearer wrong");
  EXPECT_EQ(door->trouble(), ec::unavailable);
  EXPECT_TRUE(eventually(is_content));
}

TEST_F(FrontDoorTest, HostsOutliveARestartUntilTheyAreToldAgain) {
  settings.kept = "a.test\nb.test\nc`d\n";
  settings.settle = 1h;
  open();
  EXPECT_TRUE(tells("a.test") && tells("b.test")) << told();
  EXPECT_EQ(told().find("c`d"), std::string::npos);
  publish({"a.test", "new.test"});
  EXPECT_TRUE(tells("b.test") && tells("new.test")) << told();
  publish({"new.test"}); // told again, then removed: gone at once
  EXPECT_FALSE(tells("a.test"));
  EXPECT_TRUE(tells("b.test"));
  EXPECT_TRUE(eventually([&] { return kept_text() == "b.test\nnew.test\n"; })) << kept_text();
}

TEST_F(FrontDoorTest, HostsThatHadTimeToBeToldAgainAreForgotten) {
  settings.kept = "b.test\n";
  settings.settle = 300ms;
  open();
  EXPECT_TRUE(tells("b.test")) << "their time begins with the first table";
  publish({"new.test"});
  EXPECT_TRUE(eventually([&] { return !tells("b.test"); }));
  EXPECT_TRUE(eventually([&] { return kept_text() == "new.test\n"; })) << kept_text();
}

TEST_F(FrontDoorTest, WithoutMemoryNothingIsSaidUntilHostsAreKnown) {
  settings.kept.reset();
  settings.hush = 1h;
  open();
  EXPECT_EQ(error_of(door->configuration_for("Bearer secret")), ec::unavailable);
  publish({"a.test"});
  EXPECT_TRUE(tells("a.test"));
  settings.hush = 0ms;
  open();
  EXPECT_TRUE(door->configuration_for("Bearer secret")); // there are none: a new platform
}

} // namespace
