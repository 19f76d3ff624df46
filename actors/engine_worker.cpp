#include "actors/engine_worker.hpp"

#include "actors/redactor.hpp"
#include "protocol/plain_text.hpp"
#include "protocol/secret_use.hpp"
#include "protocol/types.hpp"

#include <spdlog/spdlog.h>

#include <chrono>
#include <utility>

namespace backendim {

namespace {

constexpr uint32_t shown_log_lines = 40;
constexpr auto tasks_end = std::chrono::seconds{4};
constexpr int most_ticks = 30; // longer than a task may take to stop

task to_message(const task_info& x) {
  task result;
  result.id = x.id;
  switch (x.state) {
    case task_state::pending: result.phase = task_phase::pending; break;
    case task_state::starting: result.phase = task_phase::starting; break;
    case task_state::running: result.phase = task_phase::running; break;
    case task_state::failed: result.phase = task_phase::failed; break;
    case task_state::stopped: result.phase = task_phase::stopped; break;
  }
  result.wanted = x.wanted;
  result.container = x.container_id;
  result.address = x.address;
  result.exit_code = x.exit_code;
  result.out_of_memory = x.out_of_memory;
  result.message = plain_text(x.message);
  return result;
}

/// Variables that mention a secret go another way than the others: the engine shows those.
caf::error add_environment(service_spec& spec, const run_release& x, vault& keys) {
  auto values = opened(keys, x.secrets);
  if (!values)
    return std::move(values.error());
  const std::map<std::string, std::string> by_name{values->begin(), values->end()};
  std::string missing;
  const auto value_of = [&](const std::string& name) {
    const auto found = by_name.find(name);
    if (found == by_name.end())
      missing = name;
    return found == by_name.end() ? std::string{} : found->second;
  };
  for (const auto& [key, text] : x.env) {
    const auto names = secrets_in(text);
    if (names && !names->empty())
      spec.secret_env[key] = with_secrets(text, value_of);
    else
      spec.env[key] = text;
  }
  for (const auto& name : x.secret_files)
    spec.secrets.push_back({"/run/secrets/" + name, value_of(name)});
  if (!missing.empty())
    return make_failure(ec::invalid_request,
                        {cause::secret_missing,
                         "The release does not hold the secret " + missing + ".",
                         {},
                         "Set it, then deploy again."});
  return {};
}

} // namespace

engine_worker_state::interface::behavior_type
engine_worker_state::make_behavior(std::shared_ptr<container_engine> engine,
                                   std::shared_ptr<vault> keys) {
  engine_ = engine;
  expect_idle_networks(); // of an earlier run
  return {
    [engine, keys](const run_release& x) -> caf::result<release_running> {
      if (auto made = engine->ensure_network(x.tenant); !made)
        return made.error();
      service_spec spec;
      spec.name = x.service;
      spec.tenant = x.tenant;
      spec.app = x.app;
      spec.release = x.release;
      spec.image = x.image;
      spec.replicas = x.replicas;
      spec.command = x.command;
      spec.once = x.once;
      spec.writable = x.writable;
      spec.host = x.host ? *x.host : "";
      if (auto why = add_environment(spec, x, *keys))
        return why;
      if (auto made = engine->ensure_service(spec); !made)
        return redactor_of(*keys, x.secrets)(made.error());
      return release_running{x.service};
    },
    [this, engine](const remove_release& x) -> caf::result<release_removed> {
      if (auto gone = engine->remove_service(x.service); !gone)
        return gone.error();
      expect_idle_networks();
      return release_removed{x.service};
    },
    [engine](const scale_release& x) -> caf::result<release_running> {
      if (auto done = engine->scale_service(x.service, x.replicas); !done)
        return done.error();
      return release_running{x.service};
    },
    [engine](const get_services&) -> caf::result<service_list> {
      auto found = engine->services();
      if (!found)
        return std::move(found.error());
      service_list result;
      for (const auto& x : *found)
        result.services.push_back({x.name, x.tenant, x.app, x.release, x.replicas});
      return result;
    },
    [engine](const get_tasks& x) -> caf::result<task_list> {
      auto tasks = engine->tasks(x.service);
      if (!tasks)
        return std::move(tasks.error());
      task_list result;
      for (const auto& found : *tasks)
        result.tasks.push_back(to_message(found));
      return result;
    },
    [engine, keys](const get_evidence& x) -> caf::result<evidence> {
      evidence result;
      if (auto sockets = engine->listening(x.container))
        for (const auto& socket : *sockets)
          result.listening.push_back({socket.address, socket.port});
      if (auto log = engine->container_log(x.container, shown_log_lines)) {
        const auto redacted = redactor_of(*keys, x.secrets);
        for (const auto& line : *log)
          result.log.push_back(redacted(line));
      }
      return result;
    },
    [this](const idle_networks_tick& x) { remove_idle_networks(x); },
  };
}

/// Swarm ends the tasks of a service some seconds after it, and only then lets go of its network.
void engine_worker_state::expect_idle_networks() {
  if (!std::exchange(due_, true))
    self_->delayed_send(self_, tasks_end, idle_networks_tick{most_ticks});
}

void engine_worker_state::remove_idle_networks(const idle_networks_tick& x) {
  due_ = false;
  const auto left = engine_->remove_idle_networks();
  if (left && *left == 0)
    return;
  if (!left)
    spdlog::warn("engine_worker could not remove networks why=\"{}\"", render(left.error()));
  if (x.more > 0 && !std::exchange(due_, true))
    self_->delayed_send(self_, tasks_end, idle_networks_tick{x.more - 1});
}

engine_worker_state::interface::behavior_type
engine_worker(engine_worker_state::interface::stateful_pointer<engine_worker_state> self,
              std::shared_ptr<container_engine> engine, std::shared_ptr<vault> keys) {
  return self->state.make_behavior(std::move(engine), std::move(keys));
}

} // namespace backendim
