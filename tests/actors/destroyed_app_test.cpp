// An app that was destroyed and deployed again is another app: nothing of the first reaches it.

#include "actors/app.hpp"
#include "tests/support/deploy_flow.hpp"

#include <string>

using namespace backendim;
using namespace std::chrono_literals;

namespace {

class DestroyedAppTest : public ::testing::Test {
protected:
  app_state s;
  int ids = 0;

  template <class Command>
  caf::error run(const Command& x) {
    auto events = decide(s, x, {caf::timestamp{1'000h}, "d" + std::to_string(ids + 1)});
    if (!events)
      return events.error();
    for (const auto& event : *events) {
      ids += std::holds_alternative<deployment_accepted>(event) ? 1 : 0;
      std::visit([&](const auto& e) { apply(s, e); }, event);
    }
    return {};
  }
  static start_deployment deploy(const std::string& request) {
    start_deployment x;
    x.source.git = "https://example.org/shop.git";
    x.meta = {"ada", request};
    return x;
  }
};

TEST_F(DestroyedAppTest, ALateRepeatOfTheDestroyLeavesTheNextAppAlone) {
  EXPECT_FALSE(run(deploy("r1")));
  EXPECT_FALSE(run(destroy_app{{"ada", "x1"}}));
  EXPECT_FALSE(run(deploy("r2")));
  EXPECT_FALSE(run(destroy_app{{"ada", "x1"}})) << "a retry that was on its way";
  EXPECT_TRUE(s.exists);
}

TEST_F(DestroyedAppTest, AReleaseOfTheFirstDoesNotGoLiveInTheNext) {
  EXPECT_FALSE(run(deploy("r1")));
  EXPECT_FALSE(run(destroy_app{{"ada", "x1"}}));
  EXPECT_FALSE(run(deploy("r2")));
  conclude_deployment x;
  x.id = "d1"; // it was verifying when its app was destroyed
  x.state = deployment_state::succeeded;
  x.made = release{};
  x.made->number = 1;
  EXPECT_FALSE(run(x));
  EXPECT_FALSE(s.live) << "the next has no release yet";
  EXPECT_TRUE(s.retiring.contains(1)) << "what it started goes";
  x.id = "d2";
  x.made->number = 2;
  EXPECT_FALSE(run(x));
  ASSERT_TRUE(s.live);
  EXPECT_EQ(s.live->number, 2u);
}

using DestroyedAppFlowTest = test::deploy_flow;

TEST_F(DestroyedAppFlowTest, ADeploymentOfTheFirstEnds) {
  const auto shop = caf::actor_cast<app_actor>(at("app/acme/shop"));
  start_deployment first;
  first.source.git = "https://example.org/shop.git";
  first.meta = {"ada", "r1"};
  auto second = first;
  second.meta.request_id = "r2";
  auto a = self->request(shop, test::request_deadline, first);
  scheduler.run();
  const auto old = get_soon<deployment_info>(a);
  ASSERT_TRUE(old);
  auto b = self->request(shop, test::request_deadline, destroy_app{{"ada", "x"}});
  auto c = self->request(shop, test::request_deadline, second);
  scheduler.run();
  EXPECT_TRUE(get_now<app_removed>(b));
  const auto next = get_soon<deployment_info>(c);
  ASSERT_TRUE(next);
  for (int i = 0; i < 120; ++i)
    advance(1s);
  EXPECT_TRUE(is_final(state_of(old->id).state));
  EXPECT_EQ(state_of(next->id).state, deployment_state::succeeded);
  EXPECT_EQ(live_service(), "acme-shop-v2");
  EXPECT_EQ(engine->services()->size(), 1u);
}

} // namespace
