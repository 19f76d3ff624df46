#include "actors/gateway.hpp"
#include "actors/reconciler.hpp"
#include "protocol/json.hpp"
#include "protocol/ulid.hpp"
#include "tests/support/deploy_flow.hpp"

#include <set>

using namespace backendim;
using namespace std::chrono_literals;
using test::error_of;

namespace {

using DeployFlowTest = test::deploy_flow;

TEST_F(DeployFlowTest, SourceBecomesARouteToARunningTask) {
  const auto info = end_of(deploy("r1"));
  EXPECT_EQ(info.state, deployment_state::succeeded) << (info.error ? info.error->message : "");
  EXPECT_EQ(info.url, "http://shop-acme.localhost:8080");
  EXPECT_EQ(engine->spec_of("acme-shop-v1").env.at("PORT"), "3000");
  EXPECT_EQ(upstreams(), 1u);
}

TEST_F(DeployFlowTest, BeyondTheQuotaOfDiskCachesGoAndThenBuildsAreRefused) {
  const auto quota_of = [&](auto x) {
    auto reply = ask(caf::actor_cast<quota_actor>(at("quota/acme")), x);
    return get_soon<quota_report>(reply);
  };
  set_quota limited;
  limited.limits.disk_bytes = 100ull << 20;
  limited.meta = {"root", "q"};
  ASSERT_TRUE(quota_of(limited));
  builder->kept = 150ull << 20;
  builder->caches = 60ull << 20;
  EXPECT_EQ(end_of(deploy("r1")).state, deployment_state::succeeded);
  EXPECT_EQ(builder->caches, 0u);
  advance(2s);
  EXPECT_EQ(quota_of(get_quota{})->disk_bytes, caf::optional<uint64_t>{90ull << 20});

  builder->kept = 120ull << 20;
  const auto refused = end_of(deploy("r2"));
  EXPECT_EQ(refused.state, deployment_state::failed);
  ASSERT_TRUE(refused.error);
  EXPECT_EQ(refused.error->code, cause::quota_exceeded);
  EXPECT_NE(refused.error->message.find("120 MiB"), std::string::npos) << refused.error->message;
  EXPECT_NE(refused.error->next.find("--disk 121MiB"), std::string::npos) << refused.error->next;

  limited.limits.disk_bytes = 200ull << 20;
  limited.meta.request_id = "q2";
  ASSERT_TRUE(quota_of(limited));
  EXPECT_EQ(end_of(deploy("r3")).state, deployment_state::succeeded);
}

TEST_F(DeployFlowTest, TheFrontDoorKnowsHowManyRequestsATenantMayGet) {
  const auto allow = [&](caf::optional<uint32_t> requests) {
    set_quota x;
    x.limits.requests_per_second = requests;
    x.meta = {"root", requests ? std::to_string(*requests) : "any"};
    auto reply = ask(caf::actor_cast<quota_actor>(at("quota/acme")), x);
    ASSERT_TRUE(get_soon<quota_report>(reply));
    advance(2s);
  };
  allow(7u); // before there is an app
  EXPECT_EQ(end_of(deploy("r1")).state, deployment_state::succeeded);
  const auto& route = front->table.hosts["shop-acme.localhost"];
  EXPECT_EQ(route.tenant, "acme");
  EXPECT_EQ(route.tenant_requests, caf::optional<uint32_t>{7u});
  allow(9u);
  EXPECT_EQ(front->table.hosts["shop-acme.localhost"].tenant_requests, caf::optional<uint32_t>{9u});
  stop_all();
  start();
  advance(2s);
  EXPECT_EQ(front->table.hosts["shop-acme.localhost"].tenant_requests, caf::optional<uint32_t>{9u});
  allow(caf::none);
  EXPECT_FALSE(front->table.hosts["shop-acme.localhost"].tenant_requests);
}

TEST_F(DeployFlowTest, AnAppBeyondTheQuotaIsNotMadeAndOneOfTheSizeGoesOn) {
  const auto quota_of = [&](auto x) {
    auto reply = ask(caf::actor_cast<quota_actor>(at("quota/acme")), x);
    return get_soon<quota_report>(reply);
  };
  quota_limits limits_of;
  limits_of.apps = 1;
  limits_of.cpu_millis = 2'000;
  ASSERT_TRUE(quota_of(set_quota{limits_of, {"root", "q"}}));
  EXPECT_EQ(end_of(deploy("r1")).state, deployment_state::succeeded);
  EXPECT_EQ(quota_of(get_quota{})->items, (std::vector<app_use>{{"shop", 1}}));
  start_deployment second;
  second.source.git = "https://example.org/shop.git";
  second.meta = {"ada", "s1"};
  auto reply = ask(caf::actor_cast<app_actor>(at("app/acme/store")), second);
  EXPECT_EQ(error_of(get_soon<deployment_info>(reply)), ec::quota_exceeded);
  EXPECT_EQ(end_of(deploy("r2")).state, deployment_state::succeeded)
    << "both releases run for a while: what counts is what stays";

  const auto scale = [&](uint32_t tasks, const std::string& request) {
    auto asked
      = ask(caf::actor_cast<app_actor>(at("app/acme/shop")), scale_app{tasks, {"ada", request}});
    return error_of(get_soon<app_info>(asked));
  };
  EXPECT_FALSE(scale(2, "t2"));
  EXPECT_EQ(scale(3, "t3"), ec::quota_exceeded);
  advance(2s);
  EXPECT_EQ(quota_of(get_quota{})->cpu_millis, 2'000u);
  stop_all();
  start();
  EXPECT_EQ(quota_of(get_quota{})->cpu_millis, 2'000u) << "a restart computes the same";

  auto gone = ask(caf::actor_cast<app_actor>(at("app/acme/shop")), destroy_app{{"ada", "x"}});
  ASSERT_TRUE(get_soon<app_removed>(gone));
  advance(2s);
  EXPECT_EQ(quota_of(get_quota{})->apps, 0u);
  second.meta.request_id = "s2";
  auto again = ask(caf::actor_cast<app_actor>(at("app/acme/store")), second);
  EXPECT_TRUE(get_soon<deployment_info>(again));
}

/// How many tasks a release has may stand in its own backend-im.yml: known once it is fetched.
TEST_F(DeployFlowTest, AReleaseThatWouldTakeMoreThanTheQuotaFails) {
  quota_limits limits_of;
  limits_of.cpu_millis = 2'000;
  auto set
    = ask(caf::actor_cast<quota_actor>(at("quota/acme")), set_quota{limits_of, {"root", "q"}});
  ASSERT_TRUE(get_soon<quota_report>(set));
  source->config.scaling = scaling_config{3, caf::none, caf::none};
  const auto info = end_of(deploy("r1"));
  EXPECT_EQ(info.state, deployment_state::failed);
  ASSERT_TRUE(info.error);
  EXPECT_EQ(info.error->code, cause::quota_exceeded);
  EXPECT_NE(info.error->next.find("admin quota acme --cpu 3"), std::string::npos)
    << info.error->next;
  EXPECT_TRUE(engine->services()->empty());
}

TEST_F(DeployFlowTest, RedeployReplacesTheOldRelease) {
  end_of(deploy("r1"));
  EXPECT_EQ(end_of(deploy("r2")).state, deployment_state::succeeded);
  advance(2s);
  EXPECT_EQ(engine->services()->size(), 1u) << "the old service is gone";
  EXPECT_EQ(engine->services()->at(0).name, "acme-shop-v2");
  EXPECT_EQ(upstreams(), 1u);
}

TEST_F(DeployFlowTest, RollbackRunsAnEarlierReleaseWithoutABuild) {
  end_of(deploy("r1"));
  end_of(deploy("r2"));
  builder->broken = true; // nothing is built
  auto reply = ask(caf::actor_cast<app_actor>(at("app/acme/shop")),
                   rollback_app{caf::none, {"bob", "back"}});
  const auto accepted = get_soon<deployment_info>(reply);
  ASSERT_TRUE(accepted) << render(accepted.error());
  const auto info = end_of(accepted->id);
  EXPECT_EQ(info.state, deployment_state::succeeded) << (info.error ? info.error->message : "");
  EXPECT_EQ(info.release, 3u);
  advance(2s);
  ASSERT_EQ(engine->services()->size(), 1u);
  EXPECT_EQ(engine->services()->at(0).name, "acme-shop-v3");
  EXPECT_EQ(engine->spec_of("acme-shop-v3").image, info.image);
  EXPECT_EQ(upstreams(), 1u);
}

TEST_F(DeployFlowTest, ReleaseThatCrashesSoonAfterTheSwitchGivesWayToTheOneBefore) {
  limits.watching = 30s;
  end_of(deploy("r1"));
  const auto second = deploy("r2");
  EXPECT_EQ(end_of(second).state, deployment_state::succeeded);
  EXPECT_EQ(engine->services()->size(), 2u) << "the old one is still there";
  advance(10s);
  const auto tasks = engine->tasks("acme-shop-v2");
  engine->write_log(tasks->at(0).container_id, "Segmentation fault");
  engine->set_autorun(false);
  engine->die(tasks->at(0).container_id, 139);
  anon_send(gate, container_changed{"acme-shop-v2", tasks->at(0).container_id});
  advance(3s);
  const auto info = state_of(second);
  EXPECT_EQ(info.state, deployment_state::rolled_back);
  ASSERT_TRUE(info.error);
  EXPECT_EQ(info.error->code, cause::app_crashed);
  EXPECT_EQ(info.error->evidence.at(0), "Segmentation fault");
  ASSERT_EQ(engine->services()->size(), 1u);
  EXPECT_EQ(engine->services()->at(0).name, "acme-shop-v1");
  EXPECT_EQ(upstreams(), 1u);
  auto list = ask(caf::actor_cast<app_actor>(at("app/acme/shop")), get_releases{});
  const auto releases = get_soon<release_list>(list);
  EXPECT_EQ(releases->live, 1u);
  EXPECT_TRUE(releases->items.at(0).reverted);
}

TEST_F(DeployFlowTest, ReleaseThatServesWellWhileWatchedReplacesTheOneBefore) {
  limits.watching = 30s;
  end_of(deploy("r1"));
  end_of(deploy("r2"));
  EXPECT_EQ(engine->services()->size(), 2u);
  for (int i = 0; i < 40; ++i)
    advance(1s);
  ASSERT_EQ(engine->services()->size(), 1u);
  EXPECT_EQ(engine->services()->at(0).name, "acme-shop-v2");
}

TEST_F(DeployFlowTest, FirstDeploymentIsNoCanary) {
  source->config.deploy = deploy_config{};
  source->config.deploy->strategy = deploy_strategy::canary;
  const auto info = end_of(deploy("r1"), 5);
  EXPECT_EQ(info.state, deployment_state::succeeded) << "there is nobody for the other requests";
  EXPECT_FALSE(info.canary);
}

TEST_F(DeployFlowTest, GoodCanaryGetsItsShareAndThenAll) {
  const auto id = deploy_canary([](auto& x) { x.weight = "25%"; });
  EXPECT_EQ(canary_share(), 2'500u);
  EXPECT_EQ(upstreams(), 1u);
  EXPECT_EQ(live_service(), "acme-shop-v1");
  advance(2s);
  for (int i = 0; i < 55; ++i) {
    front->count.canary.requests += 10;
    front->count.stable.requests += 30;
    advance(1s);
    ASSERT_EQ(state_of(id).state, deployment_state::verifying) << i;
  }
  front->count.canary.failed = 27;
  const auto info = end_of(id, 20);
  EXPECT_EQ(info.state, deployment_state::succeeded);
  ASSERT_TRUE(info.canary);
  EXPECT_EQ(info.canary->stable_release, 1u);
  EXPECT_EQ(info.canary->canary, (request_count{550, 27})) << "5% may fail, and this is less";
  EXPECT_EQ(info.canary->stable.requests, 1'650u);
  EXPECT_EQ(info.canary->promoted_by, "");
  EXPECT_EQ(canary_share(), 0u);
  EXPECT_EQ(live_service(), "acme-shop-v2");
  advance(3s);
  ASSERT_EQ(engine->services()->size(), 1u) << "the old one is gone";
  EXPECT_EQ(engine->services()->at(0).name, "acme-shop-v2");
}

TEST_F(DeployFlowTest, BadCanaryIsTakenBackWithinSecondsAndSaysWhatItSaw) {
  const auto id = deploy_canary();
  advance(2s);
  engine->write_log(engine->tasks("acme-shop-v2")->at(0).container_id, "TypeError: no such column");
  front->count.canary = {19, 10};
  front->count.stable = {180, 1};
  advance(3s);
  EXPECT_EQ(state_of(id).state, deployment_state::verifying) << "too few to say";
  front->count.canary = {20, 10};
  advance(1s);
  advance(1s);
  const auto info = state_of(id);
  EXPECT_EQ(info.state, deployment_state::rolled_back);
  ASSERT_TRUE(info.error);
  EXPECT_EQ(info.error->code, cause::canary_failed);
  ASSERT_EQ(info.error->evidence.size(), 3u);
  EXPECT_NE(info.error->evidence[0].find("10 of 20 requests failed"), std::string::npos);
  EXPECT_NE(info.error->evidence[1].find("1 of 180 requests failed"), std::string::npos);
  EXPECT_EQ(info.error->evidence[2], "TypeError: no such column");
  EXPECT_EQ(canary_share(), 0u);
  EXPECT_EQ(live_service(), "acme-shop-v1");
  advance(3s);
  ASSERT_EQ(engine->services()->size(), 1u);
  EXPECT_EQ(engine->services()->at(0).name, "acme-shop-v1");
  auto list = ask(caf::actor_cast<app_actor>(at("app/acme/shop")), get_releases{});
  EXPECT_EQ(get_soon<release_list>(list)->live, 1u);
}

TEST_F(DeployFlowTest, CanaryWhoseTaskEndsByItselfIsTakenBack) {
  const auto id = deploy_canary();
  advance(2s);
  const auto task = engine->tasks("acme-shop-v2")->at(0).container_id;
  engine->set_autorun(false);
  engine->write_log(task, "Segmentation fault");
  engine->die(task, 139);
  anon_send(gate, container_changed{"acme-shop-v2", task});
  advance(2s);
  const auto info = state_of(id);
  EXPECT_EQ(info.state, deployment_state::rolled_back);
  ASSERT_TRUE(info.error);
  EXPECT_EQ(info.error->code, cause::app_crashed);
  EXPECT_EQ(live_service(), "acme-shop-v1");
}

TEST_F(DeployFlowTest, CanaryWaitsToBePromotedByHand) {
  const auto id = deploy_canary([](auto& x) {
    x.auto_promote = false;
    x.promote_deadline = "10m";
  });
  for (int i = 0; i < 120; ++i)
    advance(1s);
  EXPECT_EQ(canary_share(), 1'000u);
  auto reply = ask(caf::actor_cast<deployment_actor>(at(deployment_path("acme", id).text)),
                   promote_deployment{{"ada", "p"}});
  EXPECT_TRUE(get_soon<deployment_info>(reply));
  const auto info = end_of(id);
  EXPECT_EQ(info.state, deployment_state::succeeded);
  EXPECT_EQ(info.canary->promoted_by, "ada");
  EXPECT_EQ(live_service(), "acme-shop-v2");
  auto again
    = ask(caf::actor_cast<deployment_actor>(at(deployment_path("acme", deploy("r3")).text)),
          promote_deployment{{"ada", "q"}});
  EXPECT_EQ(error_of(get_soon<deployment_info>(again)), ec::conflict) << "it has none yet";
}

TEST_F(DeployFlowTest, CanaryThatNobodyPromotesIsTakenBackAtItsDeadline) {
  const auto id = deploy_canary([](auto& x) {
    x.auto_promote = false;
    x.promote_deadline = "2m";
  });
  for (int i = 0; i < 110; ++i)
    advance(1s);
  EXPECT_EQ(state_of(id).state, deployment_state::verifying);
  const auto info = end_of(id, 20);
  EXPECT_EQ(info.state, deployment_state::rolled_back);
  EXPECT_EQ(info.error->code, cause::canary_not_promoted);
  EXPECT_EQ(live_service(), "acme-shop-v1");
}

TEST_F(DeployFlowTest, RestartInMidCanaryGoesOnWithTheSameShare) {
  const auto id = deploy_canary();
  advance(2s);
  front->count = {{40, 1}, {360, 0}, 0};
  for (int i = 0; i < 30; ++i)
    advance(1s);
  const auto kept = remembered->last();
  ASSERT_TRUE(kept.routes.at(0).canary);
  EXPECT_EQ(table_of(kept).hosts.at("shop-acme.localhost").split->weight, 1'000u)
    << "a start begins with it";
  stop_all();
  front->table = {};
  front->count = {};
  front->whole = 0;
  start();
  advance(2s);
  EXPECT_EQ(front->whole, 0) << "no table was without it";
  EXPECT_EQ(canary_share(), 1'000u);
  EXPECT_EQ(upstreams(), 1u);
  auto info = state_of(id);
  EXPECT_EQ(info.canary->canary.requests, 40u) << "what was counted before still counts";
  for (int i = 0; i < 20; ++i)
    advance(1s);
  EXPECT_EQ(canary_share(), 1'000u) << "when the gateway has forgotten the table before";
  info = end_of(id, 30);
  EXPECT_EQ(info.state, deployment_state::succeeded);
  EXPECT_EQ(info.canary->canary, (request_count{40, 1}));
  EXPECT_EQ(info.steps.back().attempts, 2u);
  EXPECT_EQ(live_service(), "acme-shop-v2");
}

TEST_F(DeployFlowTest, GatewayThatFailsInMidCanaryComesBackWithTheSplit) {
  const auto id = deploy_canary();
  advance(2s);
  self->send_exit(gate_worker, caf::exit_reason::kill);
  for (int i = 0; i < 30; ++i) {
    advance(1s);
    EXPECT_EQ(canary_share(), 1'000u) << i;
  }
  EXPECT_EQ(end_of(id, 60).state, deployment_state::succeeded);
  EXPECT_EQ(live_service(), "acme-shop-v2");
}

TEST_F(DeployFlowTest, CancelledCanaryLeavesNothing) {
  const auto id = deploy_canary();
  auto reply = ask(caf::actor_cast<deployment_actor>(at(deployment_path("acme", id).text)),
                   cancel_deployment{{"ada", "c"}});
  EXPECT_TRUE(get_soon<deployment_info>(reply));
  EXPECT_EQ(canary_share(), 0u) << "at once";
  EXPECT_EQ(end_of(id).state, deployment_state::cancelled);
  advance(3s);
  ASSERT_EQ(engine->services()->size(), 1u);
  EXPECT_EQ(engine->services()->at(0).name, "acme-shop-v1");
  EXPECT_EQ(live_service(), "acme-shop-v1");
}

TEST_F(DeployFlowTest, ANewerDeploymentTakesTheCanarysPlaceAtOnce) {
  const auto id = deploy_canary();
  advance(2s);
  source->config.deploy->strategy = deploy_strategy::rolling;
  source->config.deploy->canary = caf::none;
  const auto newer = deploy("r3");
  advance(2s);
  const auto info = end_of(id, 2);
  EXPECT_EQ(info.state, deployment_state::superseded);
  EXPECT_EQ(info.superseded_by, newer);
  EXPECT_EQ(end_of(newer).state, deployment_state::succeeded);
  EXPECT_EQ(live_service(), "acme-shop-v3");
  EXPECT_EQ(canary_share(), 0u);
}

TEST_F(DeployFlowTest, ScalingInMidCanaryKeepsTheSplit) {
  deploy_canary();
  scale_app more;
  more.replicas = 3;
  more.meta = {"ada", "s1"};
  auto scaled = ask(caf::actor_cast<app_actor>(at("app/acme/shop")), more);
  EXPECT_TRUE(get_soon<app_info>(scaled));
  anon_send(gate, container_changed{});
  advance(3s);
  EXPECT_EQ(upstreams(), 3u);
  EXPECT_EQ(canary_share(), 1'000u);
}

TEST_F(DeployFlowTest, ScaleStopAndStartChangeTheLiveService) {
  end_of(deploy("r1"));
  const auto app = caf::actor_cast<app_actor>(at("app/acme/shop"));
  scale_app more;
  more.replicas = 3;
  more.meta = {"ada", "s1"};
  auto scaled = ask(app, more);
  EXPECT_EQ(get_soon<app_info>(scaled)->replicas, 3u);
  advance(2s);
  EXPECT_EQ(engine->services()->at(0).replicas, 3u);
  end_of(deploy("r2"));
  advance(2s);
  EXPECT_EQ(engine->spec_of("acme-shop-v2").replicas, 3u) << "later releases get as many";
  auto stopped = ask(app, stop_app{{"ada", "s2"}});
  EXPECT_TRUE(get_soon<app_info>(stopped)->stopped);
  advance(2s);
  EXPECT_EQ(engine->services()->at(0).replicas, 0u);
  EXPECT_EQ(upstreams(), 0u);
  EXPECT_EQ(front->table.hosts["shop-acme.localhost"].page_title, "shop is stopped");
  auto comparing = spawn(reconciler, reconciler_config{}, docker, door);
  auto looked = ask(comparing, reconcile{true});
  EXPECT_TRUE(get_soon<reconciliation>(looked)->differences.empty());
  auto started = ask(app, start_app{{"ada", "s3"}});
  EXPECT_FALSE(get_soon<app_info>(started)->stopped);
  advance(2s);
  anon_send(gate, container_changed{});
  advance(2s);
  EXPECT_EQ(upstreams(), 3u);
}

TEST_F(DeployFlowTest, ReleaseCommandRunsOnceBeforeTheReleaseAndItsFailureEndsIt) {
  start_deployment x;
  x.source.git = "https://example.org/shop.git";
  x.meta = {"ada", "r1"};
  x.config = app_config{};
  x.config->deploy = deploy_config{};
  x.config->deploy->release_command = "npm run migrate";
  auto reply = ask(caf::actor_cast<app_actor>(at("app/acme/shop")), x);
  const auto first = get_soon<deployment_info>(reply)->id;
  advance(1s);
  ASSERT_EQ(engine->services()->size(), 1u);
  const auto spec = engine->spec_of("acme-shop-v1-command");
  EXPECT_EQ(spec.command.back(), "npm run migrate");
  EXPECT_TRUE(spec.once);
  engine->die(engine->tasks("acme-shop-v1-command")->at(0).container_id, 0);
  EXPECT_EQ(end_of(first).state, deployment_state::succeeded);
  ASSERT_EQ(engine->services()->size(), 1u);
  EXPECT_EQ(engine->services()->at(0).name, "acme-shop-v1");

  x.meta.request_id = "r2";
  reply = ask(caf::actor_cast<app_actor>(at("app/acme/shop")), x);
  const auto second = get_soon<deployment_info>(reply)->id;
  advance(1s);
  const auto container = engine->tasks("acme-shop-v2-command")->at(0).container_id;
  engine->write_log(container, "column exists");
  engine->die(container, 1);
  const auto info = end_of(second);
  EXPECT_EQ(info.state, deployment_state::failed);
  ASSERT_TRUE(info.error);
  EXPECT_EQ(info.error->code, cause::release_command_failed);
  EXPECT_EQ(info.error->evidence.at(0), "column exists");
  advance(2s);
  ASSERT_EQ(engine->services()->size(), 1u);
  EXPECT_EQ(engine->services()->at(0).name, "acme-shop-v1");
}

TEST_F(DeployFlowTest, FailedBuildLeavesTheOldReleaseServing) {
  end_of(deploy("r1"));
  builder->broken = true;
  const auto info = end_of(deploy("r2"));
  EXPECT_EQ(info.state, deployment_state::failed);
  ASSERT_TRUE(info.error);
  EXPECT_EQ(info.error->code, cause::build_failed);
  EXPECT_EQ(engine->services()->size(), 1u);
  EXPECT_EQ(upstreams(), 1u);
}

TEST_F(DeployFlowTest, UnhealthyReleaseFailsAndGoes) {
  end_of(deploy("r1"));
  probes->result = {probe_result::outcome::bad_status, 500};
  const auto info = end_of(deploy("r2"));
  EXPECT_EQ(info.state, deployment_state::failed);
  ASSERT_TRUE(info.error);
  EXPECT_EQ(info.error->code, cause::unhealthy);
  advance(2s);
  ASSERT_EQ(engine->services()->size(), 1u);
  EXPECT_EQ(engine->services()->at(0).name, "acme-shop-v1");
  EXPECT_EQ(upstreams(), 1u);
}

TEST_F(DeployFlowTest, RestartFindsAppsRoutesAndDeployments) {
  const auto id = deploy("r1");
  end_of(id);
  stop_all();
  front->table = {};
  start();
  advance(3s);
  EXPECT_EQ(upstreams(), 1u) << "the route came back without a new deploy";
  EXPECT_EQ(state_of(id).state, deployment_state::succeeded);
}

TEST_F(DeployFlowTest, RestartInMidDeployCarriesOn) {
  probes->result = {probe_result::outcome::refused, 0};
  const auto id = deploy("r1");
  advance(500ms);
  EXPECT_EQ(state_of(id).state, deployment_state::verifying);
  stop_all();
  probes->result = {probe_result::outcome::good, 200};
  start();
  const auto info = end_of(id);
  EXPECT_EQ(info.state, deployment_state::succeeded) << (info.error ? info.error->message : "");
  EXPECT_EQ(upstreams(), 1u);
  EXPECT_EQ(engine->services()->size(), 1u) << "the service was not made twice";
  EXPECT_EQ(info.steps.back().attempts, 2u) << "the restart is in the record";
}

TEST_F(DeployFlowTest, CancelledDeploymentLeavesNothing) {
  probes->result = {probe_result::outcome::refused, 0};
  const auto id = deploy("r1");
  advance(500ms);
  auto reply = ask(caf::actor_cast<deployment_actor>(at(deployment_path("acme", id).text)),
                   cancel_deployment{{"ada", "c"}});
  EXPECT_TRUE(get_soon<deployment_info>(reply));
  EXPECT_EQ(end_of(id).state, deployment_state::cancelled);
  advance(2s);
  EXPECT_TRUE(engine->services()->empty());
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST_F(DeployFlowTest, WhatIsAwayForAMomentIsWaitedFor) {
  builder->registry_away = true;
  const auto id = deploy("r1");
  for (int i = 0; i < 30; ++i)
    advance(1s);
  const auto waiting = state_of(id);
  EXPECT_EQ(waiting.state, deployment_state::pushing);
  EXPECT_GT(waiting.steps.back().attempts, 3u);
  ASSERT_TRUE(waiting.steps.back().why);
  EXPECT_EQ(waiting.steps.back().why->code, cause::registry_unavailable);
  builder->registry_away = false;
  EXPECT_EQ(end_of(id).state, deployment_state::succeeded);
}

TEST_F(DeployFlowTest, WhatStaysAwayEndsTheDeploymentAndSaysWhat) {
  builder->registry_away = true;
  const auto id = deploy("r1");
  const auto info = end_of(id, 130);
  EXPECT_EQ(info.state, deployment_state::failed);
  ASSERT_TRUE(info.error);
  EXPECT_EQ(info.error->code, cause::registry_unavailable);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST_F(DeployFlowTest, AHostThatNobodyReachesIsNoSuccess) {
  front->hidden = make_failure(ec::unavailable, {cause::route_missing, "Traefik is away", {}, ""});
  const auto id = deploy("r1");
  for (int i = 0; i < 30; ++i)
    advance(1s);
  const auto waiting = state_of(id);
  EXPECT_EQ(waiting.state, deployment_state::verifying);
  ASSERT_TRUE(waiting.steps.back().why);
  EXPECT_EQ(waiting.steps.back().why->code, cause::route_missing);
  EXPECT_EQ(upstreams(), 1u) << "the gateway itself has switched";
  EXPECT_LT(front->asked, 15) << "only the deployment asks again, with growing pauses";
  front->hidden = {};
  EXPECT_EQ(end_of(id).state, deployment_state::succeeded);
}

TEST_F(DeployFlowTest, CancelAfterTheRouteSwitchedBringsItBack) {
  end_of(deploy("r1"));
  front->hidden = make_failure(ec::unavailable, {cause::route_missing, "Traefik is away", {}, ""});
  const auto second = deploy("r2");
  for (int i = 0; i < 100 && live_service() != "acme-shop-v2"; ++i)
    advance(100ms);
  ASSERT_EQ(live_service(), "acme-shop-v2");
  ASSERT_EQ(state_of(second).state, deployment_state::verifying);
  auto reply = ask(caf::actor_cast<deployment_actor>(at(deployment_path("acme", second).text)),
                   cancel_deployment{{"ada", "c"}});
  EXPECT_TRUE(get_soon<deployment_info>(reply));
  EXPECT_EQ(end_of(second).state, deployment_state::cancelled);
  advance(3s);
  ASSERT_EQ(engine->services()->size(), 1u);
  EXPECT_EQ(engine->services()->at(0).name, "acme-shop-v1");
  EXPECT_EQ(live_service(), "acme-shop-v1");
}

TEST_F(DeployFlowTest, LaterOfTwoDeploysWins) {
  probes->result = {probe_result::outcome::refused, 0};
  const auto first = deploy("r1"), second = deploy("r2"), third = deploy("r3");
  advance(500ms);
  EXPECT_EQ(end_of(second, 1).state, deployment_state::superseded);
  probes->result = {probe_result::outcome::good, 200};
  EXPECT_EQ(end_of(first).state, deployment_state::succeeded);
  EXPECT_EQ(end_of(third).state, deployment_state::succeeded);
  advance(2s);
  ASSERT_EQ(engine->services()->size(), 1u);
  EXPECT_EQ(engine->services()->at(0).name, "acme-shop-v3");
}

TEST_F(DeployFlowTest, WhatVanishedComesBackAndWhatNobodyWantsGoes) {
  end_of(deploy("r1"));
  (void)engine->remove_service("acme-shop-v1");
  service_spec stray;
  stray.name = "acme-gone-v7";
  stray.tenant = "acme";
  stray.app = "gone";
  stray.release = 7;
  stray.image = "image";
  (void)engine->ensure_service(stray);
  const auto names = [&] {
    std::set<std::string> result;
    const auto all = engine->services();
    for (const auto& x : *all)
      result.insert(x.name);
    return result;
  };
  auto comparing = spawn(reconciler, reconciler_config{}, docker, door);
  auto looked = ask(comparing, reconcile{true});
  EXPECT_EQ(get_soon<reconciliation>(looked)->differences.size(), 2u);
  advance(2s);
  EXPECT_EQ(names(), std::set<std::string>{"acme-gone-v7"}) << "a dry run changes nothing";

  auto mended = ask(comparing, reconcile{});
  EXPECT_EQ(get_soon<reconciliation>(mended)->differences.size(), 2u);
  advance(3s);
  EXPECT_EQ(names(), std::set<std::string>{"acme-shop-v1"});
  EXPECT_EQ(engine->spec_of("acme-shop-v1").env.at("PORT"), "3000");
  auto again = ask(comparing, reconcile{});
  EXPECT_TRUE(get_soon<reconciliation>(again)->differences.empty());
}

TEST_F(DeployFlowTest, WhatADeploymentUnderWayStartedIsLeftAlone) {
  probes->result = {probe_result::outcome::refused, 0};
  const auto id = deploy("r1");
  advance(500ms);
  ASSERT_EQ(engine->services()->size(), 1u);
  auto comparing = spawn(reconciler, reconciler_config{}, docker, door);
  auto looked = ask(comparing, reconcile{});
  EXPECT_TRUE(get_soon<reconciliation>(looked)->differences.empty());
  probes->result = {probe_result::outcome::good, 200};
  EXPECT_EQ(end_of(id).state, deployment_state::succeeded);
}

TEST_F(DeployFlowTest, SupersededOneNamesItsSuccessor) {
  probes->result = {probe_result::outcome::refused, 0};
  deploy("r1");
  const auto second = deploy("r2"), third = deploy("r3");
  advance(500ms);
  EXPECT_EQ(state_of(second).superseded_by, third);
  stop_all();
  start();
  EXPECT_EQ(state_of(second).superseded_by, third) << "after a restart, too";
}

TEST_F(DeployFlowTest, ScarceDiskHoldsWhatWasAcceptedAndTurnsTheNextAway) {
  probes->result = {probe_result::outcome::refused, 0};
  const auto first = deploy("r1"), second = deploy("r2"); // it waits for the first
  self->send(queue, machine_load{1u << 30, 1u << 30, {{"/state", 1, 100, 0, 0}}});
  scheduler.run();
  probes->result = {probe_result::outcome::good, 200};
  EXPECT_EQ(end_of(first).state, deployment_state::succeeded);
  advance(1s);
  const auto info = state_of(second);
  EXPECT_EQ(info.state, deployment_state::building);
  ASSERT_TRUE(info.waiting);
  EXPECT_EQ(info.waiting->position, 1u);
  EXPECT_EQ(info.waiting->why, bottleneck::disk);

  start_deployment x;
  x.source.git = "https://example.org/shop.git";
  x.meta = {"ada", "r3"};
  auto reply = ask(caf::actor_cast<app_actor>(at("app/acme/shop")), x);
  const auto refused = get_soon<deployment_info>(reply);
  EXPECT_EQ(error_of(refused), ec::unavailable);
  EXPECT_EQ(deploy("r2"), second) << "a repeat of what was accepted is answered";
  auto app = ask(caf::actor_cast<app_actor>(at("app/acme/shop")), get_app{});
  EXPECT_EQ(get_soon<app_info>(app)->latest, second) << "the refused one was never accepted";

  advance(3h);
  EXPECT_EQ(state_of(second).state, deployment_state::building)
    << "waiting has no deadline of its own";
  self->send(queue, machine_load{1u << 30, 1u << 30, {{"/state", 1ull << 40, 1ull << 41, 0, 0}}});
  scheduler.run();
  const auto done = end_of(second);
  EXPECT_EQ(done.state, deployment_state::succeeded) << (done.error ? done.error->message : "");
  EXPECT_FALSE(done.waiting);
}

TEST_F(DeployFlowTest, QueueThatFailsLosesNoDeployment) {
  probes->result = {probe_result::outcome::refused, 0};
  const auto first = deploy("r1"), second = deploy("r2"); // it waits for the first
  const auto full = machine_load{1u << 30, 1u << 30, {{"/state", 1, 100, 0, 0}}};
  self->send(queue, full);
  scheduler.run();
  probes->result = {probe_result::outcome::good, 200};
  EXPECT_EQ(end_of(first).state, deployment_state::succeeded);
  advance(1s);
  EXPECT_EQ(state_of(second).state, deployment_state::building);
  self->send_exit(queue_worker, caf::exit_reason::kill);
  const auto done = end_of(second); // the new queue knows of no full disk
  EXPECT_EQ(done.state, deployment_state::succeeded) << (done.error ? done.error->message : "");
}

TEST_F(DeployFlowTest, GatewayThatFailsComesBackWithItsRoutes) {
  end_of(deploy("r1"));
  ASSERT_EQ(upstreams(), 1u);
  const auto before = front->table.epoch;
  self->send_exit(gate_worker, caf::exit_reason::kill);
  for (int i = 0; i < 55; ++i) {
    advance(100ms);
    EXPECT_EQ(upstreams(), 1u) << "the table before stays until the routes are there again";
  }
  advance(2s);
  EXPECT_EQ(upstreams(), 1u);
  EXPECT_GT(front->table.epoch, before) << "of the new gateway";
  EXPECT_EQ(end_of(deploy("r2")).state, deployment_state::succeeded);
  for (int i = 0; i < 20; ++i)
    advance(1s);
  EXPECT_EQ(upstreams(), 1u) << "when it has forgotten the table before";
}

TEST_F(DeployFlowTest, RouteOfAnAppThatIsGoneIsForgotten) {
  gateway_info before;
  before.routes.push_back({"gone-acme.localhost", "acme-gone-v1", {"172.18.0.9:80"}, "", ""});
  stop_all();
  remembered->keep(before);
  start();
  end_of(deploy("r1"));
  EXPECT_EQ(front->table.hosts["gone-acme.localhost"].upstreams.size(), 1u);
  for (int i = 0; i < 20; ++i)
    advance(1s);
  EXPECT_FALSE(front->table.hosts.contains("gone-acme.localhost"));
  EXPECT_EQ(upstreams(), 1u);
}

TEST_F(DeployFlowTest, DestroyRemovesRouteAndService) {
  end_of(deploy("r1"));
  auto reply = ask(caf::actor_cast<app_actor>(at("app/acme/shop")), destroy_app{{"ada", "x"}});
  EXPECT_TRUE(get_soon<app_removed>(reply));
  advance(2s);
  EXPECT_TRUE(engine->services()->empty());
  EXPECT_FALSE(front->table.hosts.contains("shop-acme.localhost"));
}

TEST_F(DeployFlowTest, SecretsReachTheTasksAndNothingElse) {
  const auto shop = caf::actor_cast<app_actor>(at("app/acme/shop"));
  change_secrets set;
  set.set = {{"TOKEN", keys->seal({"acme", "shop", "TOKEN"}, "s3cr3t-value")}};
  set.meta = {"ada", "s1"};
  auto changed = ask(shop, set);
  ASSERT_TRUE(get_soon<secret_list>(changed));

  start_deployment x;
  x.source.git = "https://example.org/shop.git";
  x.meta = {"ada", "r1"};
  x.config = app_config{};
  x.config->secrets = std::vector<std::string>{"TOKEN"};
  x.config->env = std::map<std::string, std::string>{{"URL", "pg://a:${SECRET:TOKEN}@db"}};
  auto reply = ask(shop, x);
  const auto info = end_of(get_soon<deployment_info>(reply)->id);
  ASSERT_EQ(info.state, deployment_state::succeeded) << (info.error ? info.error->message : "");
  const auto spec = engine->spec_of("acme-shop-v1");
  ASSERT_EQ(spec.secrets.size(), 1u);
  EXPECT_EQ(spec.secrets[0].path, "/run/secrets/TOKEN");
  EXPECT_EQ(spec.secrets[0].content, "s3cr3t-value");
  EXPECT_EQ(spec.secret_env.at("URL"), "pg://a:s3cr3t-value@db");
  EXPECT_FALSE(spec.env.contains("URL"));
  auto asked = ask(shop, get_secrets{});
  EXPECT_EQ(get_soon<secret_list>(asked)->items.at(0).live, 1u);

  x.meta.request_id = "r2"; // a task that shows its secret before it dies
  engine->set_autorun(false);
  auto again = ask(shop, x);
  const auto id = get_soon<deployment_info>(again)->id;
  probes->result = {probe_result::outcome::refused, 0};
  advance(1s);
  const auto container = engine->run("acme-shop-v2");
  engine->write_log(container, "cannot log in with s3cr3t-value");
  engine->die(container, 1);
  const auto failed = end_of(id);
  ASSERT_TRUE(failed.error);
  EXPECT_NE(to_json_text(*failed.error).find("log in with [secret TOKEN]"), std::string::npos)
    << to_json_text(*failed.error);

  const auto streams = store->streams("", "", 1'000);
  for (const auto& name : *streams) {
    const auto events = store->read(name, 1, 1'000);
    for (const auto& kept : *events)
      EXPECT_EQ(kept.event.body.find("s3cr3t"), std::string::npos) << name << kept.event.type;
  }
}

TEST_F(DeployFlowTest, RollbackHasTheSecretsOfThenAndRedeployThoseOfNow) {
  const auto shop = caf::actor_cast<app_actor>(at("app/acme/shop"));
  const auto give = [&](const std::string& value) {
    change_secrets set;
    set.set = {{"TOKEN", keys->seal({"acme", "shop", "TOKEN"}, value)}};
    set.fingerprint = value;
    set.meta = {"ada", value};
    auto changed = ask(shop, set);
    EXPECT_TRUE(get_soon<secret_list>(changed));
  };
  const auto made_by = [&](const auto& command) {
    auto reply = ask(shop, command);
    const auto accepted = get_soon<deployment_info>(reply);
    return accepted ? end_of(accepted->id).state : deployment_state::failed;
  };
  const auto content = [&](const std::string& service) {
    const auto spec = engine->spec_of(service);
    return spec.secrets.empty() ? "" : spec.secrets[0].content;
  };
  start_deployment x;
  x.source.git = "https://example.org/shop.git";
  x.meta = {"ada", "r1"};
  x.config = app_config{};
  x.config->secrets = std::vector<std::string>{"TOKEN"};
  give("first");
  EXPECT_EQ(made_by(x), deployment_state::succeeded);
  give("second");
  EXPECT_EQ(made_by(redeploy_app{{"ada", "again"}}), deployment_state::succeeded);
  EXPECT_EQ(content("acme-shop-v2"), "second");
  give("third");
  EXPECT_EQ(made_by(rollback_app{1, {"ada", "back"}}), deployment_state::succeeded);
  EXPECT_EQ(content("acme-shop-v3"), "first");
  auto asked = ask(shop, get_secrets{});
  const auto listed = get_soon<secret_list>(asked);
  EXPECT_EQ(listed->items.at(0).live, 1u);
  EXPECT_EQ(listed->items.at(0).version, 3u);
}

TEST_F(DeployFlowTest, RulesComeAndGoWithTheirReleaseAndPasswordsAreOnlyMarked) {
  const auto shop = caf::actor_cast<app_actor>(at("app/acme/shop"));
  const std::string host = "shop-acme.localhost";
  const auto give = [&](const std::string& value, const std::string& request) {
    change_secrets set;
    set.set = {{"PW", keys->seal({"acme", "shop", "PW"}, value)}};
    set.fingerprint = request;
    set.meta = {"ada", request};
    auto changed = ask(shop, set);
    EXPECT_TRUE(get_soon<secret_list>(changed));
  };
  const auto made_by = [&](const auto& command) {
    auto reply = ask(shop, command);
    const auto accepted = get_soon<deployment_info>(reply);
    return accepted ? end_of(accepted->id).state : deployment_state::failed;
  };
  const auto rules = [&] { return front->table.hosts[host].rules; };
  const auto mark = [&](const std::string& login) { return keys->mark(login_text(host, login)); };
  using marks = std::vector<std::string>;

  start_deployment x;
  x.source.git = "https://example.org/shop.git";
  x.meta = {"ada", "r1"};
  x.config = app_config{};
  x.config->edge = edge_rules{};
  x.config->edge->basic_auth = std::map<std::string, std::string>{{"staging", "${SECRET:PW}"}};
  EXPECT_EQ(made_by(x), deployment_state::failed) << "the secret is not set";
  EXPECT_FALSE(rules());
  give("hunter2-first", "p1");
  x.meta.request_id = "r2";
  ASSERT_EQ(made_by(x), deployment_state::succeeded);
  ASSERT_TRUE(rules());
  EXPECT_EQ(rules()->logins, marks{mark("staging:hunter2-first")});
  EXPECT_TRUE(engine->spec_of("acme-shop-v2").secrets.empty()) << "it is no secret of the tasks";

  EXPECT_EQ(end_of(deploy("r3")).state, deployment_state::succeeded);
  EXPECT_FALSE(rules()) << "that release asks for nothing";
  give("hunter2-second", "p2");
  EXPECT_EQ(made_by(rollback_app{2, {"ada", "back"}}), deployment_state::succeeded);
  ASSERT_TRUE(rules());
  EXPECT_EQ(rules()->logins, marks{mark("staging:hunter2-first")}) << "with the password of then";
  EXPECT_EQ(made_by(redeploy_app{{"ada", "again"}}), deployment_state::succeeded);
  EXPECT_EQ(rules()->logins, marks{mark("staging:hunter2-second")});

  EXPECT_EQ(to_json_text(remembered->last()).find("hunter2"), std::string::npos);
  EXPECT_TRUE(table_of(remembered->last()).hosts.at(host).rules == rules())
    << "the next start asks the same";
  auto stopped = ask(shop, stop_app{{"ada", "s1"}});
  EXPECT_TRUE(get_soon<app_info>(stopped));
  advance(1s);
  EXPECT_TRUE(rules()) << "the page of a stopped app is for the same people";
  const auto streams = store->streams("", "", 1'000);
  for (const auto& name : *streams) {
    const auto events = store->read(name, 1, 1'000);
    for (const auto& kept : *events)
      EXPECT_EQ(kept.event.body.find("hunter2"), std::string::npos) << name << kept.event.type;
  }
}

TEST_F(DeployFlowTest, MaintenanceLastsThroughDeploymentsAndRestarts) {
  const auto shown = [&] { return front->table.hosts["shop-acme.localhost"].maintenance; };
  const auto say = [&](bool on, const caf::optional<std::string>& message, const std::string& id) {
    auto reply = ask(caf::actor_cast<app_actor>(at("app/acme/shop")),
                     set_maintenance{on, message, {"ada", id}});
    EXPECT_TRUE(get_soon<app_info>(reply));
    advance(1s);
  };
  end_of(deploy("r1"));
  EXPECT_FALSE(shown());
  say(true, std::string{"Moving house."}, "m1");
  EXPECT_TRUE(shown() == std::string{"Moving house."});
  EXPECT_EQ(upstreams(), 1u) << "the app runs on";
  // While the new release is verified its route is set by somebody who knows of no maintenance.
  bool always = true;
  const auto id = deploy("r2");
  for (int i = 0; i < 50 && !is_final(state_of(id).state); ++i) {
    advance(200ms);
    always = always && bool(shown());
  }
  EXPECT_EQ(state_of(id).state, deployment_state::succeeded);
  EXPECT_TRUE(always);
  EXPECT_EQ(upstreams(), 1u);
  // A gateway that comes back knows it from what was remembered, before the app has told.
  stop_all();
  EXPECT_TRUE(table_of(remembered->last()).hosts.at("shop-acme.localhost").maintenance
              == std::string{"Moving house."});
  start();
  advance(3s);
  EXPECT_TRUE(shown() == std::string{"Moving house."});
  say(false, caf::none, "m2");
  EXPECT_FALSE(shown());
  EXPECT_EQ(upstreams(), 1u);
  say(true, caf::none, "m3");
  EXPECT_TRUE(shown() && !shown()->empty()) << "there are usual words";
}

TEST_F(DeployFlowTest, SecretsAreTakenOutOfWhatEndsByItself) {
  limits.watching = 30s;
  const auto shop = caf::actor_cast<app_actor>(at("app/acme/shop"));
  change_secrets set;
  set.set = {{"TOKEN", keys->seal({"acme", "shop", "TOKEN"}, "s3cr3t-value")}};
  set.meta = {"ada", "s1"};
  auto changed = ask(shop, set);
  ASSERT_TRUE(get_soon<secret_list>(changed));
  start_deployment x;
  x.source.git = "https://example.org/shop.git";
  x.config = app_config{};
  x.config->secrets = std::vector<std::string>{"TOKEN"};
  const auto begin = [&](const std::string& request) {
    x.meta = {"ada", request};
    auto reply = ask(caf::actor_cast<app_actor>(at("app/acme/shop")), x);
    return get_soon<deployment_info>(reply)->id;
  };
  end_of(begin("r1"));
  const auto second = begin("r2");
  EXPECT_EQ(end_of(second).state, deployment_state::succeeded);
  stop_all(); // the watch of the service that comes back waits for nobody
  start();
  advance(2s);
  const auto tasks = engine->tasks("acme-shop-v2");
  engine->write_log(tasks->at(0).container_id, "no login with s3cr3t-value");
  engine->set_autorun(false);
  engine->die(tasks->at(0).container_id, 1);
  anon_send(gate, container_changed{"acme-shop-v2", tasks->at(0).container_id});
  advance(3s);
  const auto reverted = state_of(second);
  EXPECT_EQ(reverted.state, deployment_state::rolled_back);
  ASSERT_TRUE(reverted.error);
  EXPECT_EQ(reverted.error->evidence.at(0), "no login with [secret TOKEN]");

  engine->set_autorun(true);
  x.config->deploy = deploy_config{};
  x.config->deploy->release_command = "npm run migrate";
  const auto third = begin("r3");
  advance(1s);
  EXPECT_EQ(engine->spec_of("acme-shop-v3-command").secrets.at(0).content, "s3cr3t-value");
  const auto container = engine->tasks("acme-shop-v3-command")->at(0).container_id;
  engine->write_log(container, "refused: s3cr3t-value");
  engine->die(container, 1);
  const auto failed = end_of(third);
  EXPECT_EQ(failed.state, deployment_state::failed);
  ASSERT_TRUE(failed.error);
  EXPECT_EQ(failed.error->evidence.at(0), "refused: [secret TOKEN]");
}

TEST_F(DeployFlowTest, ASecretThatIsNotSetFailsTheDeploymentByName) {
  start_deployment x;
  x.source.git = "https://example.org/shop.git";
  x.meta = {"ada", "r1"};
  x.config = app_config{};
  x.config->secrets = std::vector<std::string>{"TOKEN"};
  auto reply = ask(caf::actor_cast<app_actor>(at("app/acme/shop")), x);
  const auto info = end_of(get_soon<deployment_info>(reply)->id);
  EXPECT_EQ(info.state, deployment_state::failed);
  ASSERT_TRUE(info.error);
  EXPECT_EQ(info.error->code, cause::secret_missing);
  EXPECT_NE(info.error->message.find("TOKEN"), std::string::npos);
  EXPECT_TRUE(engine->services()->empty());
}

} // namespace
