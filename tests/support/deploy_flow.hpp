#pragma once

#include "actors/app_driver.hpp"
#include "actors/build.hpp"
#include "actors/build_queue.hpp"
#include "actors/deployment_driver.hpp"
#include "actors/domains_driver.hpp"
#include "actors/engine_worker.hpp"
#include "actors/gateway.hpp"
#include "actors/ingress.hpp"
#include "actors/journal_writer.hpp"
#include "actors/quota.hpp"
#include "actors/supervisor.hpp"
#include "actors/tenant.hpp"
#include "adapters/crypto/vault.hpp"
#include "tests/support/actor_test.hpp"
#include "tests/support/fake_engine.hpp"
#include "tests/support/fake_journal.hpp"
#include "tests/support/temp_folder.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace backendim::test {

using namespace std::chrono_literals;

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
  app_config config; ///< What its backend-im.yml says.
  caf::expected<app_config> read_config(const std::filesystem::path&) override { return config; }
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
  std::string says = "E404"; ///< When it is broken.
  bool registry_away = false;
  caf::expected<std::string> build(const build_job&, const line_sink&, std::stop_token) override {
    if (broken)
      return make_failure(ec::build_failed,
                          {cause::build_failed, "npm install failed", {says}, "look"});
    return std::string{"image"};
  }
  caf::expected<std::string> push(const build_job&, const std::string& repository, const line_sink&,
                                  std::stop_token) override {
    if (registry_away)
      return make_failure(ec::unavailable,
                          {cause::registry_unavailable, "it does not answer", {}, "wait"});
    return "registry/" + repository + "@sha256:1";
  }
  caf::expected<caf::unit_t> clean(const build_job&) override { return caf::unit; }
  caf::expected<std::vector<std::string>> tenants() override { return std::vector<std::string>{}; }
  uint64_t kept = 0; ///< Bytes, with the caches.
  uint64_t caches = 0;
  caf::expected<uint64_t> kept_bytes(const std::string&, std::stop_token) override { return kept; }
  caf::expected<build_caches> prune(const std::string&, std::chrono::seconds, bool,
                                    std::stop_token) override {
    kept -= std::min(kept, caches);
    caches = 0;
    return build_caches{};
  }
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
  caf::expected<std::vector<kept_log>> list() override { return std::vector<kept_log>{}; }
};

/// Uses each table at once; nothing is ever in flight. Something in front may not know its hosts.
class instant_edge : public edge {
public:
  route_table table;
  int whole = 0; ///< Tables in which the host had tasks and no split.
  void publish(route_table x, std::function<void()> used) override {
    table = std::move(x);
    for (const auto& [host, route] : table.hosts)
      whole += !route.upstreams.empty() && !route.split ? 1 : 0;
    used();
  }
  void when_idle(std::vector<upstream_address>, std::function<void()> idle) override { idle(); }
  split_count count; ///< Of the split in the table.
  split_count count_of(const std::string&) override { return count; }
  caf::error hidden;
  int asked = 0;
  void when_reachable(const std::string&, std::function<void(caf::error)> done) override {
    ++asked;
    done(hidden);
  }
};

class memory_in_memory : public route_memory {
public:
  gateway_info last() override { return table_; }
  void keep(gateway_info table) override { table_ = std::move(table); }

private:
  gateway_info table_;
};

class scripted_prober : public prober {
public:
  probe_result result{probe_result::outcome::good, 200};
  void probe(const probe_request&, std::function<void(probe_result)> done) override {
    done(result);
  }
};

/// All actors of one deploy with a journal, an engine, an edge and a builder in memory.
class deploy_flow : public actor_test {
protected:
  temp_folder folder;
  temp_folder key_folder;
  std::shared_ptr<fake_journal> store = std::make_shared<fake_journal>();
  std::shared_ptr<fake_engine> engine = std::make_shared<fake_engine>();
  std::shared_ptr<instant_edge> front = std::make_shared<instant_edge>();
  std::shared_ptr<memory_in_memory> remembered = std::make_shared<memory_in_memory>();
  std::shared_ptr<scripted_prober> probes = std::make_shared<scripted_prober>();
  std::shared_ptr<instant_source> source = std::make_shared<instant_source>();
  std::shared_ptr<instant_builder> builder = std::make_shared<instant_builder>();
  std::shared_ptr<vault> keys = *crypto::open_vault(key_folder.path() / "master-keys");
  journal_actor journal;
  engine_actor docker;
  build_queue_actor queue;
  gateway_actor gate;
  caf::strong_actor_ptr queue_worker, gate_worker; ///< Behind those two.
  ingress_actor door;
  std::map<std::string, std::string> tenants; ///< Of those that were deployed, by id.
  bool keeps_hosts = false; ///< Whether there is somebody who says whose each host is.
  step_deadlines limits = [] {
    step_deadlines x;
    x.watching = 0s;
    return x;
  }();

  void SetUp() override {
    engine->set_autorun(true);
    journal = spawn(journal_writer, journal_writer_config{}, store);
    docker = spawn(engine_worker, engine, keys);
    start();
  }

  /// Starts all that a restart of the daemon would start anew.
  void start() {
    ingress_context paths;
    paths.journal = journal;
    paths.wakes = {path_kind::app};
    const auto handle = [](const auto& x) { return caf::actor_cast<caf::strong_actor_ptr>(x); };
    paths.kinds[path_kind::app] = [=, this](const ingress_actor& me, const auto& x) {
      app_context context{{}, journal, me, gate, docker, queue, {"localhost", ":8080"}};
      return handle(system.spawn(app, context, x[0], x[1]));
    };
    paths.kinds[path_kind::deployment] = [=, this](const ingress_actor& me, const auto& x) {
      deployment_context context{{}, limits, journal, me, queue, gate, docker};
      return handle(system.spawn(deployment, context, x[0], x[1]));
    };
    paths.kinds[path_kind::quota] = [=, this](const ingress_actor&, const auto& x) {
      return handle(system.spawn(backendim::quota, durable_config{}, journal, queue, gate, x[0]));
    };
    paths.kinds[path_kind::tenant] = [=, this](const ingress_actor& me, const auto& x) {
      return handle(system.spawn(tenant, x[0], me));
    };
    if (keeps_hosts)
      paths.kinds[path_kind::domains] = [=, this](const ingress_actor& me, const auto&) {
        domains_context context;
        context.journal = journal;
        context.ingress = me;
        context.gateway = gate;
        context.fresh_token = [] { return std::string{"token"}; };
        context.policy.platform = "localhost";
        return handle(system.spawn(domains, context));
      };
    // Nothing runs before run(): the apps that the ingress wakes find all of these set.
    auto fresh = system.spawn(ingress, paths);
    door = fresh;
    const build_tools tools{nullptr,       source, source, builder, std::make_shared<no_logs>(),
                            folder.path(), {},     keys};
    const auto worker
      = [this, tools](std::stop_token stop) { return system.spawn(build, tools, stop); };
    queue = supervise<build_queue_actor>(
      system, {"build_queue", [this, worker](uint32_t) {
                 return queue_worker = caf::actor_cast<caf::strong_actor_ptr>(
                          system.spawn(build_queue, build_queue_config{}, worker, door));
               }});
    gateway_context context{docker, door, front, probes};
    context.memory = remembered;
    context.keys = keys;
    gate = supervise<gateway_actor>(
      system, {"gateway/n1",
               [this, context](uint32_t restarts) mutable {
                 context.first_epoch = uint64_t{restarts} << 32;
                 return gate_worker
                        = caf::actor_cast<caf::strong_actor_ptr>(system.spawn(gateway, context));
               },
               {},
               [fresh] { caf::anon_send(fresh, renew_all{"app/"}); }});
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
    queue_worker = gate_worker = nullptr;
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

  caf::expected<deployment_info> try_deploy(const std::string& path, const std::string& request) {
    start_deployment x;
    x.source.git = "https://example.org/shop.git";
    x.meta = {"ada", request};
    auto reply = ask(caf::actor_cast<app_actor>(at(path)), x);
    auto accepted = get_soon<deployment_info>(reply);
    if (accepted)
      tenants[accepted->id] = accepted->tenant;
    return accepted;
  }

  std::string deploy(const std::string& request) {
    const auto accepted = try_deploy("app/acme/shop", request);
    return accepted ? accepted->id : render(accepted.error());
  }

  std::string path_of(const std::string& id) {
    const auto known = tenants.find(id);
    return deployment_path(known == tenants.end() ? "acme" : known->second, id).text;
  }

  deployment_info state_of(const std::string& id) {
    auto reply = ask(caf::actor_cast<deployment_actor>(at(path_of(id))), get_deployment{});
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

  /// What the canary gets; 0: there is none.
  uint32_t canary_share() {
    const auto& split = front->table.hosts["shop-acme.localhost"].split;
    return split && !split->upstreams.empty() ? split->weight : 0;
  }

  /// Deploys v1, then v2 as a canary, and lets it get as far as to its requests.
  std::string deploy_canary(const std::function<void(canary_config&)>& more = {}) {
    end_of(deploy("r1"));
    source->config.deploy = deploy_config{};
    source->config.deploy->strategy = deploy_strategy::canary;
    source->config.deploy->canary = canary_config{};
    if (more)
      more(*source->config.deploy->canary);
    const auto id = deploy("r2");
    for (int i = 0; i < 100 && canary_share() == 0; ++i)
      advance(100ms);
    EXPECT_EQ(state_of(id).state, deployment_state::verifying);
    return id;
  }

  std::string live_service() {
    auto routes = ask(gate, get_gateway{});
    return get_soon<gateway_info>(routes)->routes.at(0).service;
  }

  size_t upstreams() { return front->table.hosts["shop-acme.localhost"].upstreams.size(); }
};

} // namespace backendim::test
