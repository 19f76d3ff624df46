// What becomes of a rollout when those around it end, and when it does.

#include "tests/support/deploy_flow.hpp"

#include <algorithm>

using namespace backendim;
using namespace std::chrono_literals;

namespace {

class RolloutFlowTest : public test::deploy_flow {
protected:
  RolloutFlowTest() { limits.watching = 30s; }

  std::vector<std::string> rollouts() {
    auto reply = ask(door, list_actors{prefix_of(path_kind::rollout), "", 1'000});
    const auto list = get_soon<actor_list>(reply);
    std::vector<std::string> result;
    for (const auto& x : list->items)
      result.push_back(x.path);
    return result;
  }

  void crash(const std::string& service) {
    const auto tasks = engine->tasks(service);
    engine->set_autorun(false);
    engine->die(tasks->at(0).container_id, 139);
    anon_send(gate, container_changed{service, tasks->at(0).container_id});
    advance(3s);
  }

  void lose(const std::string& path) {
    self->send_exit(at(path), caf::exit_reason::kill);
    scheduler.run();
  }
};

TEST_F(RolloutFlowTest, EndsSoonWhenNobodyAsksItForAnything) {
  const auto id = deploy("r1");
  end_of(id);
  at(rollout_path("acme", id).text);
  EXPECT_EQ(rollouts().size(), 1u);
  advance(11s);
  EXPECT_TRUE(rollouts().empty());
}

TEST_F(RolloutFlowTest, EndsWithItsWindow) {
  end_of(deploy("r1"));
  const auto id = deploy("r2");
  EXPECT_EQ(end_of(id).state, deployment_state::succeeded);
  EXPECT_EQ(rollouts(), std::vector{rollout_path("acme", id).text}) << "v1's had nothing to watch";
  for (int i = 0; i < 40; ++i)
    advance(1s);
  EXPECT_TRUE(rollouts().empty());
  ASSERT_EQ(engine->services()->size(), 1u);
  EXPECT_EQ(engine->services()->at(0).name, "acme-shop-v2");
}

TEST_F(RolloutFlowTest, AnotherOneWatchesWhenItIsLost) {
  end_of(deploy("r1"));
  const auto id = deploy("r2");
  EXPECT_EQ(end_of(id).state, deployment_state::succeeded);
  lose(rollout_path("acme", id).text);
  advance(2s);
  EXPECT_EQ(rollouts().size(), 1u);
  crash("acme-shop-v2");
  EXPECT_EQ(state_of(id).state, deployment_state::rolled_back);
  EXPECT_EQ(live_service(), "acme-shop-v1");
  EXPECT_TRUE(rollouts().empty());
}

TEST_F(RolloutFlowTest, WatchGoesOnAfterARestartOfThePlatform) {
  end_of(deploy("r1"));
  const auto id = deploy("r2");
  EXPECT_EQ(end_of(id).state, deployment_state::succeeded);
  stop_all();
  start();
  advance(2s);
  EXPECT_EQ(rollouts(), std::vector{rollout_path("acme", id).text});
  crash("acme-shop-v2");
  EXPECT_EQ(state_of(id).state, deployment_state::rolled_back);
  EXPECT_EQ(live_service(), "acme-shop-v1");
}

TEST_F(RolloutFlowTest, LostInTheMiddleItIsBegunAnew) {
  probes->result = {probe_result::outcome::refused, 0}; // no task gets ready
  const auto id = deploy("r1");
  for (int i = 0; i < 50 && state_of(id).state != deployment_state::verifying; ++i)
    advance(100ms);
  ASSERT_EQ(state_of(id).state, deployment_state::verifying);
  lose(rollout_path("acme", id).text);
  probes->result = {probe_result::outcome::good, 200};
  const auto info = end_of(id);
  EXPECT_EQ(info.state, deployment_state::succeeded) << (info.error ? info.error->message : "");
  EXPECT_EQ(upstreams(), 1u);
}

TEST_F(RolloutFlowTest, CancelledBeforeItsCommandHasEndedItStartsNothing) {
  source->config.deploy = deploy_config{};
  source->config.deploy->release_command = "npm run migrate";
  const auto id = deploy("r1");
  advance(1s);
  const auto command = engine->tasks("acme-shop-v1-command");
  ASSERT_FALSE(command->empty());
  auto reply
    = ask(caf::actor_cast<deployment_actor>(at(path_of(id))), cancel_deployment{{"ada", "no"}});
  ASSERT_TRUE(get_soon<deployment_info>(reply));
  engine->die(command->at(0).container_id, 0);
  anon_send(gate, container_changed{"acme-shop-v1-command", command->at(0).container_id});
  for (int i = 0; i < 10; ++i)
    advance(1s);
  EXPECT_EQ(state_of(id).state, deployment_state::cancelled);
  EXPECT_TRUE(rollouts().empty());
  for (const auto& x : *engine->services())
    EXPECT_NE(x.name, "acme-shop-v1");
}

TEST_F(RolloutFlowTest, ATrialGoesOnWhereItStoodWhenItIsLost) {
  const auto id = deploy_canary();
  front->count.canary = {50, 0};
  for (int i = 0; i < 30; ++i)
    advance(1s);
  lose(rollout_path("acme", id).text);
  front->count.canary = {60, 0};
  for (int i = 0; i < 25; ++i)
    advance(1s);
  EXPECT_EQ(state_of(id).state, deployment_state::verifying);
  EXPECT_GT(canary_share(), 0u);
  EXPECT_EQ(end_of(id, 30).state, deployment_state::succeeded) << "60 s in all, and not 90";
  EXPECT_EQ(live_service(), "acme-shop-v2");
}

} // namespace
