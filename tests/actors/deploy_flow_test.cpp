#include "actors/app_driver.hpp"
#include "actors/build_queue.hpp"
#include "actors/deployment_driver.hpp"
#include "actors/engine_worker.hpp"
#include "actors/gateway.hpp"
#include "actors/ingress.hpp"
#include "actors/journal_writer.hpp"
#include "actors/tenant.hpp"
#include "actors/ulid.hpp"
#include "tests/support/actor_test.hpp"
#include "tests/support/fake_engine.hpp"
#include "tests/support/fake_journal.hpp"
#include "tests/support/temp_folder.hpp"

#include <chrono>
#include <filesystem>
#include <string>

using namespace backendim;
using namespace std::chrono_literals;
using test::error_of;

namespace {

/// A repository that is there at once, understood as an app on port 3000.
class instant_source : public source_fetcher, public source_inspector {
public:
  caf::expected<unpacked_source> unpack(blob_reader&, const std::filesystem::path&,
                                        const source_limits&, std::stop_token) override {
    return caf::make_error(ec::internal, "these tests clone");
  }
  caf::expected<unpacked_source> clone(const std::string&, const std::string&,
                                       const std::filesystem::path& into, const source_limits&,
                                       const line_sink&, std::stop_token) override {
    std::filesystem::create_directories(into);
    return unpacked_source{1, 1};
  }
  caf::expected<app_config> read_config(const std::filesystem::path&) override {
    return app_config{};
  }
  caf::expected<build_plan> plan(const std::filesystem::path&, const app_config&) override {
    build_plan result;
    result.framework = "express";
    result.port = 3000;
    return result;
  }
  std::string containerfile(const build_plan&) override { return "FROM node:20\n"; }
};

class instant_builder : public image_builder {
public:
  bool broken = false;
  caf::expected<std::string> build(const build_job&, const line_sink&, std::stop_token) override {
    if (broken)
      return make_failure(ec::build_failed,
                          {cause::build_failed, "npm install failed", {"E404"}, "look"});
    return std::string{"image"};
  }
  caf::expected<std::string> push(const build_job&, const std::string& repository, const line_sink&,
                                  std::stop_token) override {
    return "registry/" + repository + "@sha256:1";
  }
  caf::expected<caf::unit_t> clean(const build_job&) override { return caf::unit; }
};

class no_logs : public log_store {
public:
  caf::expected<caf::unit_t> append(const std::string&, std::string_view) override {
    return caf::unit;
  }
  caf::expected<page> read(const std::string&, uint64_t, size_t) override { return page{}; }
  uint64_t when_longer(const std::string&, uint64_t, std::function<void()>) override { return 0; }
  void cancel(uint64_t) override {}
  caf::expected<caf::unit_t> remove(const std::string&) override { return caf::unit; }
};

/// Uses each table at once; nothing is ever in flight.
class instant_edge : public edge {
public:
  route_table table;
  void publish(route_table x, std::function<void()> used) override {
    table = std::move(x);
    used();
  }
  void when_idle(std::vector<upstream_address>, std::function<void()> idle) override { idle(); }
};

class scripted_prober : public prober {
public:
  probe_result result{probe_result::outcome::good, 200};
  void probe(const probe_request&, std::function<void(probe_result)> done) override {
    done(result);
  }
};

/// All actors of one deploy with a journal, an engine, an edge and a builder in memory.
class DeployFlowTest : public test::actor_test {
protected:
  test::temp_folder folder;
  std::shared_ptr<test::fake_journal> store = std::make_shared<test::fake_journal>();
  std::shared_ptr<test::fake_engine> engine = std::make_shared<test::fake_engine>();
  std::shared_ptr<instant_edge> front = std::make_shared<instant_edge>();
  std::shared_ptr<scripted_prober> probes = std::make_shared<scripted_prober>();
  std::shared_ptr<instant_source> source = std::make_shared<instant_source>();
  std::shared_ptr<instant_builder> builder = std::make_shared<instant_builder>();
  journal_actor journal;
  engine_actor docker;
  build_queue_actor queue;
  gateway_actor gate;
  ingress_actor door;

  void SetUp() override {
    engine->set_autorun(true);
    journal = spawn(journal_writer, journal_writer_config{}, store);
    docker = spawn(engine_worker, engine);
    start();
  }

  /// Starts all that a restart of the daemon would start anew.
  void start() {
    ingress_context paths;
    paths.journal = journal;
    paths.wake_prefixes = {"app/"};
    const auto text = [](const std::string&) { return true; };
    const auto no_parent = [](const std::vector<std::string>&) { return std::string{}; };
    paths.kinds["app"]
      = {2, text, no_parent, true, [this](const ingress_actor& me, const auto& x) {
           app_context context{{}, journal, me, gate, "localhost", ":8080"};
           return caf::actor_cast<caf::strong_actor_ptr>(system.spawn(app, context, x[0], x[1]));
         }};
    paths.kinds["deployment"]
      = {1, text, no_parent, true, [this](const ingress_actor& me, const auto& x) {
           deployment_context context{{}, {}, journal, me, queue, gate, docker};
           return caf::actor_cast<caf::strong_actor_ptr>(system.spawn(deployment, context, x[0]));
         }};
    paths.kinds["tenant"]
      = {1, text, no_parent, false, [this](const ingress_actor&, const auto& x) {
           return caf::actor_cast<caf::strong_actor_ptr>(system.spawn(tenant, x[0]));
         }};
    // Nothing runs before run(): the apps that the ingress wakes find all of these set.
    auto fresh = system.spawn(ingress, paths);
    door = fresh;
    queue = system.spawn(
      build_queue, build_queue_config{.own_threads = false},
      build_tools{nullptr, source, source, builder, std::make_shared<no_logs>(), folder.path(), {}},
      door);
    gate = system.spawn(gateway, gateway_context{"gateway/n1", docker, door, front, probes});
    scheduler.run();
  }

  void TearDown() override {
    stop_all();
    actor_test::TearDown();
  }

  void stop_all() {
    auto reply = ask(door, list_actors{"", "", 1000});
    auto all = get_soon<actor_list>(reply);
    std::vector<caf::strong_actor_ptr> found;
    for (const auto& x : all->items)
      found.push_back(at(x.path));
    self->send_exit(door, caf::exit_reason::user_shutdown);
    for (auto& x : found)
      self->send_exit(x, caf::exit_reason::user_shutdown);
    self->send_exit(gate, caf::exit_reason::user_shutdown);
    self->send_exit(queue, caf::exit_reason::user_shutdown);
    scheduler.run();
    door = nullptr;
  }

  caf::strong_actor_ptr at(const std::string& path) {
    auto reply = ask(door, resolve_path{path});
    auto found = get_soon<caf::strong_actor_ptr>(reply);
    return found ? *found : nullptr;
  }

  /// Like get, but time moves only a little.
  template <class T, class Reply>
  caf::expected<T> get_soon(Reply& reply) {
    for (int i = 0; i < 100 && !reply_waits(); ++i)
      advance(100ms);
    return get_now<T>(reply);
  }
  template <class T, class Reply>
  caf::expected<T> get_now(Reply& reply) {
    caf::expected<T> result{caf::sec::request_timeout};
    if (reply_waits())
      reply.receive([&](T& x) { result = std::move(x); },
                    [&](caf::error& x) { result = std::move(x); });
    return result;
  }

  std::string deploy(const std::string& request) {
    start_deployment x;
    x.source.git = "https://example.org/shop.git";
    x.meta = {"ada", request};
    auto reply = ask(caf::actor_cast<app_actor>(at("app/acme/shop")), x);
    auto accepted = get_soon<deployment_info>(reply);
    return accepted ? accepted->id : render(accepted.error());
  }

  deployment_info state_of(const std::string& id) {
    auto reply = ask(caf::actor_cast<deployment_actor>(at("deployment/" + id)), get_deployment{});
    auto info = get_soon<deployment_info>(reply);
    return info ? *info : deployment_info{};
  }

  /// Lets time pass until the deployment has ended.
  deployment_info end_of(const std::string& id, int seconds = 30) {
    for (int i = 0; i < seconds * 5 && !is_final(state_of(id).state); ++i)
      advance(200ms);
    advance(1s);
    return state_of(id);
  }

  size_t upstreams() { return front->table.hosts["shop-acme.localhost"].upstreams.size(); }
};

TEST_F(DeployFlowTest, SourceBecomesARouteToARunningTask) {
  const auto info = end_of(deploy("r1"));
  EXPECT_EQ(info.state, deployment_state::succeeded) << (info.error ? info.error->message : "");
  EXPECT_EQ(info.url, "http://shop-acme.localhost:8080");
  EXPECT_EQ(engine->spec_of("acme-shop-v1").env.at("PORT"), "3000");
  EXPECT_EQ(upstreams(), 1u);
}

TEST_F(DeployFlowTest, RedeployReplacesTheOldRelease) {
  end_of(deploy("r1"));
  EXPECT_EQ(end_of(deploy("r2")).state, deployment_state::succeeded);
  advance(2s);
  EXPECT_EQ(engine->services()->size(), 1u) << "the old service is gone";
  EXPECT_EQ(engine->services()->at(0).name, "acme-shop-v2");
  EXPECT_EQ(upstreams(), 1u);
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
}

TEST_F(DeployFlowTest, CancelledDeploymentLeavesNothing) {
  probes->result = {probe_result::outcome::refused, 0};
  const auto id = deploy("r1");
  advance(500ms);
  auto reply = ask(caf::actor_cast<deployment_actor>(at("deployment/" + id)),
                   cancel_deployment{{"ada", "c"}});
  EXPECT_TRUE(get_soon<deployment_info>(reply));
  EXPECT_EQ(end_of(id).state, deployment_state::cancelled);
  advance(2s);
  EXPECT_TRUE(engine->services()->empty());
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
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

TEST_F(DeployFlowTest, DestroyRemovesRouteAndService) {
  end_of(deploy("r1"));
  auto reply = ask(caf::actor_cast<app_actor>(at("app/acme/shop")), destroy_app{{"ada", "x"}});
  EXPECT_TRUE(get_soon<app_removed>(reply));
  advance(2s);
  EXPECT_TRUE(engine->services()->empty());
  EXPECT_FALSE(front->table.hosts.contains("shop-acme.localhost"));
}

} // namespace
