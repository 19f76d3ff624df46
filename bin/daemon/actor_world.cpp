#include "bin/daemon/actor_world.hpp"

#include "actors/accounts.hpp"
#include "actors/app_driver.hpp"
#include "actors/build.hpp"
#include "actors/build_queue.hpp"
#include "actors/deployment_driver.hpp"
#include "actors/domain_lookup.hpp"
#include "actors/domains_driver.hpp"
#include "actors/edge_watch.hpp"
#include "actors/engine_watch.hpp"
#include "actors/engine_worker.hpp"
#include "actors/garbage_worker.hpp"
#include "actors/gateway.hpp"
#include "actors/incidents.hpp"
#include "actors/journal_writer.hpp"
#include "actors/machine_watch.hpp"
#include "actors/node.hpp"
#include "actors/one_off_driver.hpp"
#include "actors/output_keeper.hpp"
#include "actors/quota.hpp"
#include "actors/reconciler.hpp"
#include "actors/resolve.hpp"
#include "actors/rollout.hpp"
#include "actors/supervisor.hpp"
#include "actors/tenant.hpp"
#include "adapters/procfs/machine.hpp"
#include "bin/daemon/outer_edge.hpp"
#include "bin/daemon/sse.hpp"

#include <caf/all.hpp>

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <latch>
#include <mutex>
#include <utility>

namespace backendim::daemon {

using namespace std::chrono_literals;

namespace {

constexpr size_t apps_at_start = 50'000; // each asks which domains it has
constexpr size_t token_bytes = 24;       // of what proves a domain

build_queue_config queue_config_of(const config& x) {
  build_queue_config result;
  const auto cores = std::max(1u, std::thread::hardware_concurrency());
  result.build_slots = x.builder.slots > 0 ? x.builder.slots : cores;
  const auto& given = x.admission;
  result.fetch_limit = x.deadlines.fetching;
  result.build_limit = x.deadlines.building;
  result.push_limit = x.deadlines.pushing;
  result.limits.waiting = given.waiting;
  result.limits.waiting_of_tenant = given.waiting_per_tenant;
  result.limits.disk_floor = uint64_t{given.disk_floor_mb} << 20;
  result.limits.memory_floor = uint64_t{given.memory_floor_mb} << 20;
  result.limits.memory_of_build = uint64_t{given.memory_per_build_mb} << 20;
  return result;
}

disk_config disk_config_of(const config& x) {
  disk_config result;
  result.every = x.disk.every;
  result.grace = x.disk.grace;
  result.collect_below_percent = x.disk.collect_below_percent;
  result.floor = uint64_t{x.admission.disk_floor_mb} << 20;
  result.build_logs = x.disk.build_logs;
  return result;
}

garbage_tools garbage_tools_of(const config& x, const equipment& gear, std::stop_token stop) {
  garbage_tools result;
  result.blobs = gear.blobs;
  result.logs = gear.logs;
  result.engine = gear.engine;
  result.builder = gear.builder;
  result.registry = gear.images;
  result.gate = gear.gate;
  result.registry_address = x.registry;
  result.grace = x.disk.grace;
  result.cache_age = std::chrono::ceil<std::chrono::seconds>(x.disk.cache_age);
  result.stop = std::move(stop);
  return result;
}

} // namespace

actor_world::system_config::system_config() {
  // Actors decide and send; what blocks has threads of its own. The API's thread takes one core.
  const auto cores = std::max(2u, std::thread::hardware_concurrency());
  const auto workers = std::min<size_t>(cores - 1, 4);
  set("scheduler.max-threads", workers);
  // How often an idle worker looks for work to steal. One alone finds none: what is sent to its
  // actors from outside wakes it.
  if (workers == 1)
    set("work-stealing.relaxed-sleep-duration", caf::timespan{std::chrono::milliseconds{100}});
  set("scheduler.max-throughput", size_t{100}); // no actor starves the others
}

/// The actors that others work with. They need each other, so who is woken early waits here.
struct actor_world::collaborators {
  std::latch complete{1};
  journal_actor journal;
  build_queue_actor queue;
  gateway_actor gateway;
};

actor_world::actor_world(const config& settings, equipment& gear)
  : settings_{settings}, gear_{gear}, others_{std::make_shared<collaborators>()} {
  begin();
}

ingress_context actor_world::paths() {
  ingress_context result;
  result.journal = journal_;
  result.incidents = incidents_;
  result.restarts.healthy_after = 20s;                 // reading a stream fails soon or not at all
  result.wakes = {path_kind::app, path_kind::domains}; // an app wakes its own deployments
  durable_config durable;
  durable.watch_limit = sse_heartbeat;
  const auto urls = url_form_of(settings_, gear_);
  const auto named = std::make_shared<const domains_policy>(
    domains_policy{urls.domain, settings_.domains.reserved, settings_.domains.http});
  auto& spawner = *system_;
  result.kinds[path_kind::app] = [=, &spawner, shared = others_, events = journal_,
                                  docker = engine_](const ingress_actor& me, const auto& x) {
    shared->complete.wait();
    app_context context{durable, events, me, shared->gateway, docker, shared->queue, urls, named};
    return caf::actor_cast<caf::strong_actor_ptr>(spawner.spawn(app, context, x[0], x[1]));
  };
  result.kinds[path_kind::deployment] =
    [=, &spawner, shared = others_, limits = settings_.deadlines,
     events = journal_](const ingress_actor& me, const auto& x) {
      shared->complete.wait();
      deployment_context context{durable, limits, events, me, shared->queue};
      return caf::actor_cast<caf::strong_actor_ptr>(spawner.spawn(deployment, context, x[0], x[1]));
    };
  result.kinds[path_kind::rollout]
    = [=, &spawner, shared = others_, docker = engine_](const ingress_actor& me, const auto& x) {
        shared->complete.wait();
        rollout_context context{me, shared->gateway, docker};
        return caf::actor_cast<caf::strong_actor_ptr>(spawner.spawn(rollout, context, x[0], x[1]));
      };
  const output_tools outputs{gear_.engine, gear_.logs, gear_.keys};
  const auto keeper = [&spawner, outputs](std::stop_token stop) {
    return spawner.spawn<caf::detached>(output_keeper, outputs, std::move(stop));
  };
  result.kinds[path_kind::task] = [=, &spawner, shared = others_, events = journal_,
                                   docker = engine_](const ingress_actor& me, const auto& x) {
    shared->complete.wait();
    one_off_context context{durable, events, me, shared->gateway, docker, keeper};
    return caf::actor_cast<caf::strong_actor_ptr>(spawner.spawn(one_off, context, x[0], x[1]));
  };
  result.kinds[path_kind::tenant] = [&spawner](const ingress_actor& me, const auto& x) {
    return caf::actor_cast<caf::strong_actor_ptr>(spawner.spawn(tenant, x[0], me));
  };
  result.kinds[path_kind::quota]
    = [=, &spawner, shared = others_, events = journal_](const ingress_actor&, const auto& x) {
        shared->complete.wait();
        return caf::actor_cast<caf::strong_actor_ptr>(
          spawner.spawn(quota, durable, events, shared->queue, shared->gateway, x[0]));
      };
  result.kinds[path_kind::accounts]
    = [=, &spawner, events = journal_](const ingress_actor&, const auto&) {
        return caf::actor_cast<caf::strong_actor_ptr>(spawner.spawn(accounts, durable, events));
      };
  const auto eyes = [&spawner, inspector = gear_.domains](std::stop_token stop) {
    return spawner.spawn<caf::detached>(domain_lookup, inspector, std::move(stop));
  };
  auto patient = durable;
  patient.max_waiting = apps_at_start;
  result.kinds[path_kind::domains] = [=, &spawner, shared = others_, events = journal_,
                                      proof = gear_.proof](const ingress_actor& me, const auto&) {
    shared->complete.wait();
    domains_context context{patient, events,
                            me,      shared->gateway,
                            eyes,    [proof] { return proof->random_token(token_bytes); },
                            *named};
    return caf::actor_cast<caf::strong_actor_ptr>(spawner.spawn(domains, context));
  };
  return result;
}

/// A worker that comes back when it fails, as the handle that others hold for ever.
template <class Handle, class Start>
Handle actor_world::keep(std::string path, Start start, std::function<void()> restarted) {
  return supervise<Handle>(
    *system_,
    {std::move(path),
     [start](uint32_t restarts) { return caf::actor_cast<caf::strong_actor_ptr>(start(restarts)); },
     incidents_, std::move(restarted)});
}

void actor_world::begin() {
  auto& spawner = *system_;
  const auto shared = others_;
  incidents_
    = keep<incidents_actor>(incidents_path().text, [=, &spawner, open = open_incidents_](uint32_t) {
        shared->complete.wait();
        return spawner.spawn(backendim::incidents, incidents_context{shared->journal, open});
      });
  journal_ = keep<journal_actor>("journal", [&spawner, events = gear_.events](uint32_t) {
    return spawner.spawn<caf::detached>(journal_writer, journal_writer_config{}, events);
  });
  others_->journal = journal_;
  engine_
    = keep<engine_actor>("engine", [&spawner, docker = gear_.engine, keys = gear_.keys](uint32_t) {
        return spawner.spawn<caf::detached>(engine_worker, docker, keys);
      });
  const auto paths_of_all = system_->spawn(backendim::ingress, paths());
  ingress_ = paths_of_all;
  // What lives below it cannot be handed to another one: the daemon begins anew.
  caf::actor_cast<caf::actor>(ingress_)->attach_functor([stops = stopping_] {
    if (*stops)
      return;
    spdlog::critical("the ingress failed; backendimd ends, to be started again");
    std::_Exit(EXIT_FAILURE);
  });
  const auto way_in = gateway_path(gear_.node.node);
  gateway_context front{engine_, ingress_, gear_.door(), gear_.probes};
  front.memory = gear_.routes;
  front.keys = gear_.keys;
  others_->gateway = keep<gateway_actor>(
    way_in.text,
    [&spawner, front](uint32_t restarts) {
      auto context = front;
      context.first_epoch = uint64_t{restarts} << 32;
      return spawner.spawn(gateway, context);
    },
    [paths_of_all] { // they had told it routes
      caf::anon_send(paths_of_all, renew_all{prefix_of(path_kind::app)});
      caf::anon_send(paths_of_all, renew_all{prefix_of(path_kind::domains)});
    });
  const build_tools tools{gear_.blobs,
                          gear_.fetcher,
                          gear_.inspector,
                          gear_.builder,
                          gear_.logs,
                          gear_.state.path() / "builds",
                          {},
                          gear_.keys};
  const auto build_worker = [&spawner, tools](std::stop_token stop) {
    return spawner.spawn<caf::detached>(build, tools, std::move(stop));
  };
  auto slots = queue_config_of(settings_);
  slots.incidents = incidents_;
  others_->queue = keep<build_queue_actor>(
    "build_queue", [&spawner, slots, build_worker, paths = ingress_](uint32_t) {
      return spawner.spawn(build_queue, slots, build_worker, paths);
    });
  others_->complete.count_down();
  const auto collector = keep<garbage_actor>(
    "garbage", [&spawner, tools = garbage_tools_of(settings_, gear_, collecting_.get_token())](
                 uint32_t) { return spawner.spawn<caf::detached>(garbage_worker, tools); });
  watchers_.push_back(caf::actor_cast<caf::actor>(collector));
  const auto disks_path = disk_path(gear_.node.node);
  const disk_context disks{
    gear_.node.node, disk_config_of(settings_), ingress_, journal_, collector, disk_figures_};
  disk_ = keep<disk_actor>(
    disks_path.text, [&spawner, disks](uint32_t) { return spawner.spawn(disk_watch, disks); });
  std::vector<std::filesystem::path> folders{gear_.state.path()};
  for (const auto* part : {"builds", "builder", "blobs", "registry"})
    folders.push_back(gear_.state.path() / part);
  if (!gear_.node.data_folder.empty())
    folders.emplace_back(gear_.node.data_folder);
  watchers_.push_back(keep<caf::actor>(
    "machine_watch", [&spawner, host = procfs::open_machine(std::move(folders)),
                      queue = others_->queue, disk = disk_, hears = incidents_](uint32_t) {
      return spawner.spawn<caf::detached>(backendim::machine_watch, host, queue, disk, hears);
    }));
  watchers_.push_back(keep<caf::actor>(
    "engine_watch", [&spawner, docker = gear_.engine, hears = incidents_](uint32_t) {
      return spawner.spawn<caf::detached>(engine_watch, engine_watch_config{}, docker, hears);
    }));
  if (gear_.outer || gear_.front->tls_port() != 0)
    watchers_.push_back(keep<caf::actor>(
      "edge_watch", [&spawner, front = gear_.door(), hears = incidents_](uint32_t) {
        return spawner.spawn(edge_watch, 15s, front, hears);
      }));
  const auto& machine = gear_.node;
  const node_info about{machine.node,
                        machine.version,
                        machine.api_version,
                        machine.swarm_manager,
                        machine.cgroup_version,
                        machine.warnings,
                        0,
                        machine.encryption};
  const auto machine_path = node_path(machine.node);
  node_ = keep<node_actor>(machine_path.text, [&spawner, about, to = others_->gateway](uint32_t) {
    return spawner.spawn(backendim::node, about, to);
  });
  comparer_ = keep<reconciler_actor>(
    "reconciler", [&spawner, docker = engine_, paths = ingress_](uint32_t) {
      return spawner.spawn(reconciler, reconciler_config{}, docker, paths);
    });
  const auto announce = [&](const auto& path, const auto& who) {
    caf::anon_send(ingress_, entry_at(path), caf::actor_cast<caf::strong_actor_ptr>(who));
  };
  announce(machine_path, node_);
  announce(disks_path, disk_);
  announce(way_in, others_->gateway);
  announce(reconciler_path(), comparer_);
  announce(build_queue_path(), others_->queue);
  announce(incidents_path(), incidents_);
  watcher_ = std::jthread{[this](const std::stop_token& stop) { hear_engine(stop); }};
}

/// Passes the engine's events on until *stop*, whatever becomes of the stream of events.
void actor_world::hear_engine(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    try {
      gear_.engine->watch(
        [this](const engine_event& x) {
          caf::anon_send(node_, container_changed{x.service, x.container_id});
        },
        stop);
    } catch (const std::exception& x) { // there is no caller above a thread
      spdlog::error("the engine's events are lost; listening again why=\"{}\"", x.what());
      caf::anon_send(incidents_, report_incident{incident_kind::actor_down, "engine_events",
                                                 x.what(), "It is tried again every second."});
    }
    std::mutex mutex;
    std::unique_lock lock{mutex};
    std::condition_variable_any().wait_for(lock, stop, 1s, [] { return false; });
  }
}

void actor_world::stop() {
  *stopping_ = true;
  watcher_.request_stop();
  collecting_.request_stop();
  caf::scoped_actor self{*system_};
  const auto end = [&](const std::vector<caf::actor>& all) {
    for (const auto& x : all)
      self->send_exit(x, caf::exit_reason::user_shutdown);
    self->wait_for(all);
  };
  // First those that would take the loss of another for a failure and write it down.
  std::vector<caf::actor> deciders;
  std::string after;
  for (bool more = true; more;) {
    more = false;
    self->request(ingress_, 5s, list_actors{"", after, 1'000})
      .receive(
        [&](const actor_list& x) {
          for (const auto& entry : x.items) {
            more = true;
            after = entry.path;
            if (entry.kind == "node" || entry.kind == "gateway" || entry.kind == "build_queue"
                || entry.kind == "incidents")
              continue;
            self->request(ingress_, 5s, resolve_path{entry.path})
              .receive(
                [&](const caf::strong_actor_ptr& who) {
                  deciders.push_back(caf::actor_cast<caf::actor>(who));
                },
                [](const caf::error&) {});
          }
        },
        [](const caf::error&) {});
  }
  end({caf::actor_cast<caf::actor>(ingress_)});
  end(deciders);
  end(watchers_);
  end({caf::actor_cast<caf::actor>(others_->queue), caf::actor_cast<caf::actor>(others_->gateway),
       caf::actor_cast<caf::actor>(node_)});
  end({caf::actor_cast<caf::actor>(incidents_)});
  end({caf::actor_cast<caf::actor>(engine_), caf::actor_cast<caf::actor>(journal_)});
}

actor_world::~actor_world() {
  stop();
  watcher_.join();
  journal_ = nullptr;
  ingress_ = nullptr;
  node_ = nullptr;
  comparer_ = nullptr;
  disk_ = nullptr;
  watchers_.clear();
  incidents_ = nullptr;
  engine_ = nullptr;
  others_.reset();
  system_.reset();
}

} // namespace backendim::daemon
