#include "actors/engine_worker.hpp"

#include "protocol/types.hpp"

#include <utility>

namespace backendim {

namespace {

constexpr uint32_t shown_log_lines = 40;

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
  result.message = x.message;
  return result;
}

} // namespace

engine_actor::behavior_type engine_worker(engine_actor::pointer,
                                          std::shared_ptr<container_engine> engine) {
  return {
    [engine](const run_release& x) -> caf::result<release_running> {
      if (auto made = engine->ensure_network(x.tenant); !made)
        return std::move(made.error());
      service_spec spec;
      spec.name = x.service;
      spec.tenant = x.tenant;
      spec.app = x.app;
      spec.release = x.release;
      spec.image = x.image;
      spec.env = x.env;
      spec.replicas = x.replicas;
      if (auto made = engine->ensure_service(spec); !made)
        return std::move(made.error());
      return release_running{x.service};
    },
    [engine](const remove_release& x) -> caf::result<release_removed> {
      if (auto gone = engine->remove_service(x.service); !gone)
        return std::move(gone.error());
      return release_removed{x.service};
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
    [engine](const get_evidence& x) -> caf::result<evidence> {
      evidence result;
      if (auto sockets = engine->listening(x.container))
        for (const auto& socket : *sockets)
          result.listening.push_back({socket.address, socket.port});
      if (auto log = engine->container_log(x.container, shown_log_lines))
        result.log = std::move(*log);
      return result;
    },
  };
}

} // namespace backendim
