#include "tests/support/deploy_flow.hpp"

#include "actors/app_driver.hpp"
#include "actors/build.hpp"
#include "actors/build_queue.hpp"
#include "actors/domains_driver.hpp"
#include "actors/engine_worker.hpp"
#include "actors/gateway.hpp"
#include "actors/ingress.hpp"
#include "actors/journal_writer.hpp"
#include "actors/quota.hpp"
#include "actors/rollout.hpp"
#include "actors/supervisor.hpp"
#include "actors/tenant.hpp"

#include <utility>
#include <vector>

// In one place: starting every actor takes the compiler half a minute.
namespace backendim::test {

void deploy_flow::SetUp() {
  engine->set_autorun(true);
  journal = spawn(journal_writer, journal_writer_config{}, store);
  docker = spawn(engine_worker, engine, keys);
  start();
}

void deploy_flow::start() {
  ingress_context paths;
  paths.journal = journal;
  paths.wakes = {path_kind::app};
  const auto handle = [](const auto& x) { return caf::actor_cast<caf::strong_actor_ptr>(x); };
  paths.kinds[path_kind::app] = [=, this](const ingress_actor& me, const auto& x) {
    app_context context{{}, journal, me, gate, docker, queue, {"localhost", ":8080"}};
    return handle(system.spawn(app, context, x[0], x[1]));
  };
  paths.kinds[path_kind::deployment] = [=, this](const ingress_actor& me, const auto& x) {
    deployment_context context{{}, limits, journal, me, queue};
    return handle(system.spawn(deployment, context, x[0], x[1]));
  };
  paths.kinds[path_kind::rollout] = [=, this](const ingress_actor& me, const auto& x) {
    return handle(system.spawn(rollout, rollout_context{me, gate, docker}, x[0], x[1]));
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
  gate = supervise<gateway_actor>(system, {"gateway/n1",
                                           [this, context](uint32_t restarts) mutable {
                                             context.first_epoch = uint64_t{restarts} << 32;
                                             return gate_worker
                                                    = caf::actor_cast<caf::strong_actor_ptr>(
                                                      system.spawn(gateway, context));
                                           },
                                           {},
                                           [fresh] { caf::anon_send(fresh, renew_all{"app/"}); }});
  scheduler.run();
}

void deploy_flow::TearDown() {
  stop_all();
  actor_test::TearDown();
}

void deploy_flow::stop_all() {
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

caf::strong_actor_ptr deploy_flow::at(const std::string& path) {
  auto reply = ask(door, resolve_path{path});
  auto found = get_soon<caf::strong_actor_ptr>(reply);
  return found ? *found : nullptr;
}

caf::expected<deployment_info> deploy_flow::try_deploy(const std::string& path,
                                                       const std::string& request) {
  start_deployment x;
  x.source.git = "https://example.org/shop.git";
  x.meta = {"ada", request};
  auto reply = ask(caf::actor_cast<app_actor>(at(path)), x);
  auto accepted = get_soon<deployment_info>(reply);
  if (accepted)
    tenants[accepted->id] = accepted->tenant;
  return accepted;
}

std::string deploy_flow::deploy(const std::string& request) {
  const auto accepted = try_deploy("app/acme/shop", request);
  return accepted ? accepted->id : render(accepted.error());
}

std::string deploy_flow::path_of(const std::string& id) {
  const auto known = tenants.find(id);
  return deployment_path(known == tenants.end() ? "acme" : known->second, id).text;
}

deployment_info deploy_flow::state_of(const std::string& id) {
  auto reply = ask(caf::actor_cast<deployment_actor>(at(path_of(id))), get_deployment{});
  auto info = get_soon<deployment_info>(reply);
  return info ? *info : deployment_info{};
}

deployment_info deploy_flow::end_of(const std::string& id, int seconds) {
  for (int i = 0; i < seconds * 5 && !is_final(state_of(id).state); ++i)
    advance(200ms);
  advance(1s);
  return state_of(id);
}

uint32_t deploy_flow::canary_share() {
  const auto& split = front->table.hosts["shop-acme.localhost"].split;
  return split && !split->upstreams.empty() ? split->weight : 0;
}

std::string deploy_flow::deploy_canary(const std::function<void(canary_config&)>& more) {
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

std::string deploy_flow::live_service() {
  auto routes = ask(gate, get_gateway{});
  return get_soon<gateway_info>(routes)->routes.at(0).service;
}

size_t deploy_flow::upstreams() {
  return front->table.hosts["shop-acme.localhost"].upstreams.size();
}

} // namespace backendim::test
