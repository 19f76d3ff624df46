#include "tests/simulation/world.hpp"

#include "actors/app_driver.hpp"
#include "actors/build.hpp"
#include "actors/build_queue.hpp"
#include "actors/deployment_driver.hpp"
#include "actors/engine_worker.hpp"
#include "actors/gateway.hpp"
#include "actors/ingress.hpp"
#include "actors/journal_writer.hpp"
#include "actors/quota.hpp"
#include "actors/reconciler.hpp"
#include "actors/release_tasks.hpp"
#include "actors/resolve.hpp"
#include "actors/rollout.hpp"
#include "actors/supervisor.hpp"
#include "actors/tenant.hpp"
#include "adapters/crypto/vault.hpp"

#include <caf/scheduled_actor.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include <algorithm>
#include <array>
#include <filesystem>
#include <tuple>
#include <utility>

namespace backendim::simulation {

using namespace std::chrono_literals;

namespace {

constexpr std::array<std::string_view, 2> tenants{"acme", "evil"};
constexpr std::array<std::string_view, 2> apps{"shop", "blog"};
constexpr auto patience = 60min; // of a user, on the simulated clock

/// Times and ids that are the same in each run with the same seed.
class simulated_moments : public moments {
public:
  moment next() override {
    ++count_;
    constexpr std::string_view letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    std::string id(26, '0');
    auto rest = count_;
    for (size_t i = id.size(); i-- > 10; rest /= 32)
      id[i] = letters[rest % 32];
    return {caf::timestamp{1h + std::chrono::milliseconds{count_}}, id};
  }

private:
  uint64_t count_ = 0;
};

/// Asks one thing and ends.
template <class Reply, path_kind Kind, class Message>
caf::behavior user(caf::event_based_actor* self, ingress_actor door, path<Kind> where,
                   Message message, std::function<void(caf::expected<Reply>)> done) {
  ask_path<Reply>(
    self, door, where, message,
    [self, done](const Reply& x) {
      done(x);
      self->quit();
    },
    [self, done](const caf::error& why) {
      done(why);
      self->quit();
    },
    patience);
  return {[](caf::unit_t) {}};
}

} // namespace

world::world(uint32_t seed, weather what)
  : lot_{seed}, weather_{what}, system_{std::make_unique<caf::actor_system>(config_)} {
  system_->await_actors_before_shutdown(false);
  scheduler_ = dynamic_cast<caf::scheduler::test_coordinator*>(&system_->scheduler());
  clock_ = std::make_shared<simulated_moments>();
  store_ = std::make_shared<faulty_journal>(lot_);
  engine_ = std::make_shared<faulty_engine>(lot_);
  front_ = std::make_shared<slow_edge>();
  remembered_ = std::make_shared<test::memory_in_memory>();
  probes_ = std::make_shared<moody_prober>(lot_);
  source_ = std::make_shared<test::instant_source>();
  builder_ = std::make_shared<faulty_builder>(lot_);
  keys_ = *crypto::open_vault(key_folder_.path() / "master-keys");
  engine_->set_autorun(true);
  journal_ = system_->spawn(journal_writer, journal_writer_config{}, store_);
  docker_ = system_->spawn(engine_worker, engine_, keys_);
  start();
}

world::~world() {
  stop();
  for (const auto& x : users_)
    if (const auto still = x.lock())
      caf::anon_send_exit(still, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(docker_, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(journal_, caf::exit_reason::user_shutdown);
  scheduler_->run();
}

void world::start() {
  durable_config durable;
  durable.clock = clock_;
  step_deadlines limits;
  limits.watching = 3s;
  ingress_context paths;
  paths.journal = journal_;
  paths.wakes = {path_kind::app};
  auto& system = *system_;
  const auto handle = [this](const auto& x) {
    started_.push_back(caf::actor_cast<caf::weak_actor_ptr>(x));
    return caf::actor_cast<caf::strong_actor_ptr>(x);
  };
  paths.kinds[path_kind::app] = [=, this, &system](const ingress_actor& me, const auto& x) {
    app_context context{durable, journal_, me, gate_, docker_, queue_, {"localhost", ":8080"}};
    return handle(system.spawn(app, context, x[0], x[1]));
  };
  paths.kinds[path_kind::deployment] = [=, this, &system](const ingress_actor& me, const auto& x) {
    deployment_context context{durable, limits, journal_, me, queue_};
    return handle(system.spawn(deployment, context, x[0], x[1]));
  };
  paths.kinds[path_kind::rollout] = [=, this, &system](const ingress_actor& me, const auto& x) {
    return handle(system.spawn(rollout, rollout_context{me, gate_, docker_}, x[0], x[1]));
  };
  paths.kinds[path_kind::quota] = [=, this, &system](const ingress_actor&, const auto& x) {
    return handle(system.spawn(quota, durable, journal_, queue_, gate_, x[0]));
  };
  paths.kinds[path_kind::tenant] = [=, &system](const ingress_actor& me, const auto& x) {
    return handle(system.spawn(tenant, x[0], me));
  };
  const auto fresh = system.spawn(ingress, paths);
  door_ = fresh;
  const build_tools tools{
    nullptr,        source_, source_, builder_, std::make_shared<test::no_logs>(),
    folder_.path(), {},      keys_};
  const auto worker
    = [&system, tools](std::stop_token stop) { return system.spawn(build, tools, stop); };
  queue_ = supervise<build_queue_actor>(
    system, {"build_queue", [=, this, &system](uint32_t) {
               return queue_worker_
                      = handle(system.spawn(build_queue, build_queue_config{}, worker, door_));
             }});
  gateway_context context{docker_, door_, front_, probes_};
  context.memory = remembered_;
  context.keys = keys_;
  gate_ = supervise<gateway_actor>(
    system, {"gateway/n1",
             [=, this, &system](uint32_t restarts) {
               auto mine = context;
               mine.first_epoch = uint64_t{restarts} << 32;
               return gate_worker_ = handle(system.spawn(gateway, mine));
             },
             {},
             [fresh] { caf::anon_send(fresh, renew_all{prefix_of(path_kind::app)}); }});
  handle(system.spawn(reconciler, reconciler_config{}, docker_, door_));
}

/// Ends all that a kill of the daemon would end.
void world::stop() {
  hanging_.clear();
  const auto end = [](const auto& x) { caf::anon_send_exit(x, caf::exit_reason::user_shutdown); };
  end(door_);
  end(gate_);
  end(queue_);
  for (const auto& x : std::exchange(started_, {}))
    if (const auto still = x.lock())
      end(still);
  while (scheduler_->try_run_once())
    ;
  door_ = nullptr;
  queue_worker_ = gate_worker_ = nullptr;
}

/// Handles one message of an actor that is drawn, or lets time move when there is none.
void world::step() {
  std::vector<size_t> may;
  for (size_t i = 0; i < scheduler_->jobs.size(); ++i) {
    const auto* x = dynamic_cast<caf::scheduled_actor*>(scheduler_->jobs[i]);
    if (!x || !hanging_.contains(x->name()))
      may.push_back(i);
  }
  if (may.empty()) {
    constexpr std::array<caf::timespan, 4> jumps{1ms, 20ms, 200ms, 1s};
    scheduler_->advance_time(jumps[lot_() % jumps.size()]);
    return;
  }
  std::swap(scheduler_->jobs.front(), scheduler_->jobs[may[lot_() % may.size()]]);
  scheduler_->run_once();
  if (lot_() % 50 == 0) // some things take their time
    scheduler_->advance_time(10ms);
  if (lot_() % 40 == 0) // the engine's events; some are lost, a resync follows
    caf::anon_send(gate_, container_changed{"", ""});
}

void world::pass(caf::timespan time) {
  const auto until = scheduler_->clock().now() + time;
  while (scheduler_->clock().now() < until)
    step();
}

void world::crash_one() {
  caf::scoped_actor self{*system_};
  auto listed = self->request(door_, patience, list_actors{"", "", 1'000});
  for (int i = 0; i < 200 && !self->has_next_message(); ++i)
    step();
  if (!self->has_next_message())
    return;
  std::vector<std::string> paths{"queue", "gateway"};
  listed.receive(
    [&](const actor_list& x) {
      for (const auto& entry : x.items)
        paths.push_back(entry.path);
    },
    [](const caf::error&) {});
  const auto& chosen = paths[lot_() % paths.size()];
  caf::strong_actor_ptr victim = chosen == "queue"     ? queue_worker_
                                 : chosen == "gateway" ? gate_worker_
                                                       : nullptr;
  if (!victim) {
    auto found = self->request(door_, patience, resolve_path{chosen});
    for (int i = 0; i < 200 && !self->has_next_message(); ++i)
      step();
    if (!self->has_next_message())
      return;
    found.receive([&](caf::strong_actor_ptr& x) { victim = x; }, [](const caf::error&) {});
  }
  if (victim)
    self->send_exit(victim, caf::exit_reason::unhandled_exception);
}

void world::change_weather() {
  const auto now_and_then
    = [&](bool may, unsigned of_hundred) { return may && lot_() % 100 < of_hundred; };
  store_->writes.away = now_and_then(weather_.journal, 10);
  store_->reads.away = store_->writes.away;
  store_->writes.of_thousand = now_and_then(weather_.journal, 50) ? 100 : 0;
  engine_->calls.away = now_and_then(weather_.engine, 15);
  engine_->calls.of_thousand = now_and_then(weather_.engine, 50) ? 150 : 0;
  front_->slow = now_and_then(weather_.edge, 40);
  if (!front_->slow)
    front_->use_all();
  builder_->fails_of_hundred = now_and_then(weather_.builder, 50) ? 40 : 0;
  builder_->registry_gone = now_and_then(weather_.builder, 10);
  hanging_.clear();
  if (now_and_then(weather_.hangs, 15))
    hanging_.insert(lot_() % 2 == 0 ? "journal_writer" : "engine_worker");
  if (weather_.canaries)
    change_strategy();
  if (now_and_then(weather_.crashes, 40))
    crash_one();
  if (now_and_then(weather_.restarts, 8)) {
    stop();
    start();
  }
}

/// Of the deployments to come, and of what becomes of the requests meanwhile.
void world::change_strategy() {
  source_->config.deploy = deploy_config{};
  if (lot_() % 3 > 0) {
    source_->config.deploy->strategy = deploy_strategy::canary;
    source_->config.deploy->canary = canary_config{};
    source_->config.deploy->canary->duration = std::to_string(1 + lot_() % 20) + "s";
  }
  front_->count.canary.requests += lot_() % 50;
  if (lot_() % 4 == 0)
    front_->count.canary.failed += lot_() % 20;
}

template <class Reply, path_kind Kind, class Message>
void world::send(path<Kind> where, Message message, answer about) {
  const std::function<void(caf::expected<Reply>)> done
    = [this, about](const caf::expected<Reply>& reply) {
        auto x = about;
        x.taken = static_cast<bool>(reply);
        if constexpr (std::is_same_v<Reply, deployment_info>)
          if (reply) {
            x.deployment = reply->id;
            if (x.what != wish::cancel && x.what != wish::promote)
              latest_[{x.tenant, x.app}] = reply->id;
          }
        answers_.push_back(std::move(x));
      };
  const auto who
    = system_->spawn(user<Reply, Kind, Message>, door_, std::move(where), std::move(message), done);
  users_.push_back(caf::actor_cast<caf::weak_actor_ptr>(who));
}

void world::ask(wish what) {
  const std::string tenant{tenants[lot_() % tenants.size()]}, name{apps[lot_() % apps.size()]};
  const request_meta meta{"ada", "r" + std::to_string(++asked_)};
  const auto where = app_path(tenant, name);
  const answer about{what, tenant, name, meta.request_id, "", false};
  switch (what) {
    case wish::deploy: {
      start_deployment x;
      x.source.git = "https://example.org/shop.git";
      x.meta = meta;
      send<deployment_info>(where, x, about);
      break;
    }
    case wish::redeploy: send<deployment_info>(where, redeploy_app{meta}, about); break;
    case wish::rollback: {
      rollback_app x;
      x.meta = meta;
      send<deployment_info>(where, x, about);
      break;
    }
    case wish::cancel:
      if (const auto known = latest_.find({tenant, name}); known != latest_.end()) {
        auto of = about;
        of.deployment = known->second;
        send<deployment_info>(deployment_path(tenant, known->second), cancel_deployment{meta}, of);
      }
      break;
    case wish::promote:
      if (const auto known = latest_.find({tenant, name}); known != latest_.end())
        send<deployment_info>(deployment_path(tenant, known->second), promote_deployment{meta},
                              about);
      break;
    case wish::destroy: send<app_removed>(where, destroy_app{meta}, about); break;
    case wish::stop: send<app_info>(where, stop_app{meta}, about); break;
    case wish::start: send<app_info>(where, start_app{meta}, about); break;
    case wish::scale: {
      scale_app x;
      x.replicas = 1 + lot_() % 3;
      x.meta = meta;
      send<app_info>(where, x, about);
      break;
    }
  }
}

void world::live(int wishes, const std::vector<wish>& of) {
  for (int i = 0; i < wishes; ++i) {
    ask(of[lot_() % of.size()]);
    change_weather();
    const auto most = lot_() % 4 == 0 ? 2'000u : 150u;
    for (auto n = lot_() % most; n > 0; --n)
      step();
  }
}

void world::settle() {
  store_->writes.make_peace();
  store_->reads.make_peace();
  engine_->calls.make_peace();
  front_->slow = false;
  front_->use_all();
  builder_->fails_of_hundred = 0;
  builder_->registry_gone = false;
  probes_->bad_of_hundred = 0;
  hanging_.clear();
  pass(20min);
}

template <class Reply, path_kind Kind, class Message>
caf::expected<Reply> world::learn(path<Kind> where, Message message) {
  // Shared: the answer may come when nobody waits for it any more.
  const auto heard = std::make_shared<std::optional<caf::expected<Reply>>>();
  const std::function<void(caf::expected<Reply>)> done
    = [heard](caf::expected<Reply> x) { heard->emplace(std::move(x)); };
  const auto who
    = system_->spawn(user<Reply, Kind, Message>, door_, std::move(where), std::move(message), done);
  users_.push_back(caf::actor_cast<caf::weak_actor_ptr>(who));
  for (int i = 0; i < 100'000 && !*heard; ++i)
    step();
  if (*heard)
    return std::move(**heard);
  return caf::make_error(ec::timed_out, "no answer");
}

/// What was acknowledged is in the journal, and the app is what the journal makes of it.
void world::check_journal(const std::string& tenant, const std::string& app,
                          const caf::expected<app_info>& info, std::vector<std::string>& wrong) {
  const auto stream = app_path(tenant, app).text;
  const auto say = [&](const std::string& what) { wrong.push_back(stream + ": " + what); };
  app_state state;
  std::set<std::string> known; // ids of requests that are in an event of their own
  for (uint64_t from = 1;;) {
    const auto page = store_->read(stream, from, 500);
    if (!page) {
      say("cannot be read: " + render(page.error()));
      return;
    }
    for (const auto& x : *page) {
      from = x.version + 1;
      known.insert(x.event.meta.request_id);
      if (const auto event = decode_event<app_event>(x))
        std::visit([&](const auto& each) { apply(state, each); }, *event);
      else
        say(render(event.error()));
    }
    if (page->size() < 500)
      break;
  }
  const auto answers = answers_;
  for (const auto& x : answers)
    if (x.tenant == tenant && x.app == app && x.taken && x.what != wish::cancel
        && x.what != wish::promote && !known.contains(x.request))
      say("request " + x.request + " was acknowledged and is not in the journal");
  if (state.exists != static_cast<bool>(info))
    say(state.exists ? "is there in the journal only" : "is gone in the journal only");
  const auto number = [](const auto& live) { return live ? live->number : 0; };
  if (info && (number(state.live) != number(info->live) || state.stopped != info->stopped))
    say("is not what its journal says");
}

void world::check_app(const std::string& tenant, const std::string& app, const gateway_info& routes,
                      std::vector<std::string>& wrong) {
  const auto name = tenant + "/" + app;
  const auto say = [&](const std::string& what) { wrong.push_back(name + ": " + what); };
  const auto info = learn<app_info>(app_path(tenant, app), get_app{});
  check_journal(tenant, app, info, wrong);
  const auto route
    = std::ranges::find(routes.routes, app + "-" + tenant + ".localhost", &route_info::host);
  std::vector<std::string> services;
  std::map<std::string, uint32_t> tasks;
  for (const auto& x : engine_->all())
    if (x.tenant == tenant && x.app == app) {
      services.push_back(x.name);
      tasks[x.name] = x.replicas;
    }
  const auto answers = answers_; // late ones come while these are looked at
  for (const auto& x : answers) {
    if (x.tenant != tenant || x.app != app || !x.taken)
      continue;
    if (x.deployment.empty())
      continue;
    const auto end
      = learn<deployment_info>(deployment_path(tenant, x.deployment), get_deployment{});
    if (!end)
      say("deployment " + x.deployment + " was acknowledged and is lost: " + render(end.error()));
    else if (!is_final(end->state))
      say("deployment " + x.deployment
          + " never ends: " + boost::describe::enum_to_string(end->state, "?"));
    else if (x.what == wish::cancel && end->state != deployment_state::cancelled)
      say("deployment " + x.deployment + " was cancelled and is "
          + boost::describe::enum_to_string(end->state, "?"));
    else if (x.what == wish::cancel && info && info->live && info->live->deployment == x.deployment)
      say("the cancelled " + x.deployment + " is live");
  }
  if (!info) {
    if (info.error() != ec::not_found)
      say("does not answer: " + render(info.error()));
    if (!services.empty())
      say("does not exist, and " + services.front() + " runs");
    if (route != routes.routes.end())
      say("does not exist, and has a route");
    return;
  }
  if (info->deploying)
    say("is deploying " + *info->deploying + " for ever");
  if (info->queued)
    say("has " + *info->queued + " waiting for ever");
  std::vector<std::string> wanted;
  if (info->live)
    wanted.push_back(service_name(tenant, app, info->live->number));
  if (services != wanted)
    say("runs "
        + (services.empty()
             ? "nothing"
             : services.front() + " and " + std::to_string(services.size() - 1) + " more")
        + ", and " + (wanted.empty() ? "nothing" : wanted.front()) + " is live");
  else if (info->live && tasks[wanted.front()] != info->replicas)
    say("has " + std::to_string(tasks[wanted.front()]) + " tasks and wants "
        + std::to_string(info->replicas));
  if (route == routes.routes.end()) {
    say("has no route");
    return;
  }
  if (route->canary)
    say("shares its requests with a release that is not tried any more");
  const auto served = info->live && !info->stopped ? wanted.front() : "";
  if (route->service != served)
    say("its route goes to " + route->service + ", not to " + served);
  else if (!served.empty() && route->upstreams.size() != info->replicas)
    say("its route has " + std::to_string(route->upstreams.size()) + " tasks of "
        + std::to_string(info->replicas));
}

std::vector<std::string> world::contradictions() {
  std::vector<std::string> wrong;
  caf::scoped_actor self{*system_};
  auto asked = self->request(gate_, patience, get_gateway{});
  for (int i = 0; i < 1'000 && !self->has_next_message(); ++i)
    step();
  gateway_info routes;
  if (self->has_next_message())
    asked.receive([&](gateway_info& x) { routes = std::move(x); },
                  [&](const caf::error& why) { wrong.push_back(render(why)); });
  for (const auto tenant : tenants)
    for (const auto app : apps)
      check_app(std::string{tenant}, std::string{app}, routes, wrong);
  auto listed
    = self->request(door_, patience, list_actors{prefix_of(path_kind::rollout), "", 1'000});
  for (int i = 0; i < 1'000 && !self->has_next_message(); ++i)
    step();
  if (self->has_next_message())
    listed.receive(
      [&](const actor_list& x) {
        for (const auto& each : x.items)
          wrong.push_back(each.path + " never ends");
      },
      [&](const caf::error& why) { wrong.push_back(render(why)); });
  if (!std::filesystem::is_empty(folder_.path()))
    wrong.push_back("a build left its folder");
  return wrong;
}

} // namespace backendim::simulation
