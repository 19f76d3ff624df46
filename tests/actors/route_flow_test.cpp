// What serves is what the platform says serves, however late the front door is.

#include "actors/app.hpp"
#include "actors/gateway.hpp"
#include "protocol/event_codec.hpp"
#include "tests/support/deploy_flow.hpp"

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

using namespace backendim;
using namespace std::chrono_literals;

namespace {

/// Uses a table only when it is told to.
class slow_edge : public test::instant_edge {
public:
  bool hold = false;
  void publish(route_table x, std::function<void()> used) override {
    if (hold) {
      held_.emplace_back(std::move(x), std::move(used));
      return;
    }
    instant_edge::publish(std::move(x), std::move(used));
  }
  void release() {
    hold = false;
    for (auto& [table_of_then, used] : std::exchange(held_, {}))
      instant_edge::publish(std::move(table_of_then), std::move(used));
  }

private:
  std::vector<std::pair<route_table, std::function<void()>>> held_;
};

class RouteFlowTest : public test::deploy_flow {
protected:
  std::shared_ptr<slow_edge> slow = std::make_shared<slow_edge>();

  void SetUp() override {
    front = slow;
    deploy_flow::SetUp();
  }

  void wait(int seconds) {
    for (int i = 0; i < seconds; ++i)
      advance(1s);
  }

  void expect_first_release_alone() {
    const auto services = engine->services();
    ASSERT_EQ(services->size(), 1u) << "both releases run";
    EXPECT_EQ(services->at(0).name, "acme-shop-v1");
    EXPECT_EQ(live_service(), "acme-shop-v1");
  }
};

TEST_F(RouteFlowTest, AReleaseThatWasCancelledWhileItsRouteWasSetDoesNotServe) {
  end_of(deploy("r1"));
  const auto id = deploy("r2");
  for (int i = 0; i < 100 && !engine->spec_of("acme-shop-v2").release; ++i)
    scheduler.run();
  slow->hold = true;
  advance(300ms);
  ASSERT_EQ(state_of(id).state, deployment_state::verifying);
  auto reply = ask(caf::actor_cast<deployment_actor>(at(deployment_path("acme", id).text)),
                   cancel_deployment{{"ada", "c"}});
  ASSERT_TRUE(get_soon<deployment_info>(reply));
  slow->release();
  wait(300);
  ASSERT_EQ(state_of(id).state, deployment_state::cancelled);
  expect_first_release_alone();
}

/// No race: the front door needs longer than anybody waits for it.
TEST_F(RouteFlowTest, AReleaseThatFailedForItsRouteDoesNotServe) {
  end_of(deploy("r1"));
  probes->result = {probe_result::outcome::refused, 0};
  const auto id = deploy("r2");
  advance(1s);
  ASSERT_EQ(state_of(id).state, deployment_state::verifying);
  probes->result = {probe_result::outcome::good, 200};
  slow->hold = true;
  for (int i = 0; i < 60; ++i)
    advance(250ms);
  slow->release();
  wait(300);
  const auto info = state_of(id);
  if (info.state == deployment_state::failed) {
    expect_first_release_alone();
  } else {
    EXPECT_EQ(info.state, deployment_state::succeeded);
    EXPECT_EQ(live_service(), "acme-shop-v2");
    EXPECT_EQ(engine->services()->size(), 1u);
  }
}

/// The append was written and its answer was lost; the actor was ended by its recovery.
TEST_F(RouteFlowTest, ADestroyedAppLeavesItsRouteThoughItsActorBeganAnew) {
  end_of(deploy("r1"));
  ASSERT_EQ(upstreams(), 1u);
  const auto version = store->read("app/acme/shop", 1, 100)->size();
  const app_event gone{app_destroyed{"x", caf::timestamp{}}};
  ASSERT_TRUE(store->append(
    {"app/acme/shop", version, {encode_event(gone, {"ada", "x"}, caf::timestamp{})}}));
  self->send_exit(at("app/acme/shop"), caf::exit_reason::unhandled_exception);
  wait(150);
  EXPECT_FALSE(front->table.hosts.contains("shop-acme.localhost"));
  EXPECT_TRUE(engine->services()->empty()) << "the destroyed app still runs";
}

/// Whoever waits for the route hears that nobody sets it any more, and asks again.
TEST_F(RouteFlowTest, AnAppThatFailsWhileItsRouteIsSetDelaysItsDeploymentByMoments) {
  end_of(deploy("r1"));
  slow->hold = true;
  const auto id = deploy("r2");
  const auto activated = [&] {
    const auto events = store->read("app/acme/shop", 1, 100);
    return std::ranges::any_of(*events, [](const recorded_event& x) {
      return x.event.type
               == type_name<
                 release_activated> && x.event.body.find("\"number\":2") != std::string::npos;
    });
  };
  for (int i = 0; i < 100 && !activated(); ++i)
    advance(100ms);
  ASSERT_TRUE(activated());
  self->send_exit(at("app/acme/shop"), caf::exit_reason::unhandled_exception);
  scheduler.run();
  slow->release();
  wait(20);
  EXPECT_EQ(state_of(id).state, deployment_state::succeeded);
  EXPECT_EQ(live_service(), "acme-shop-v2");
}

/// The host of a destroyed app was given to another one, and the platform was restarted.
TEST_F(RouteFlowTest, AnAppThatIsGoneTakesNobodysHostAway) {
  const std::string host = "shop-acme.localhost";
  gateway_info before;
  before.epoch = 7;
  before.routes.push_back({host, "evil-x-v1", {"127.0.0.1:3000"}, "", ""});
  before.routes.back().tenant = "evil";
  stop_all();
  remembered->keep(before);
  start();
  const auto remove = [&](const std::string& tenant, const std::string& app) {
    auto reply = ask(gate, remove_route{host, tenant, app});
    EXPECT_TRUE(get_soon<route_set>(reply));
    return !front->table.hosts.contains(host);
  };
  auto page = ask(gate, set_route{"other.localhost", "acme", "other", caf::none, "", ""});
  ASSERT_TRUE(get_soon<route_set>(page));
  EXPECT_FALSE(remove("acme", "shop"));
  EXPECT_TRUE(remove("evil", "x"));
  auto set = ask(gate, set_route{host, "evil", "x", caf::none, "", ""});
  ASSERT_TRUE(get_soon<route_set>(set));
  EXPECT_FALSE(remove("acme", "shop"));
  EXPECT_FALSE(remove("evil", "y"));
  EXPECT_TRUE(remove("evil", "x"));
}

} // namespace
