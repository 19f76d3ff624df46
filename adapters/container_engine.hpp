#pragma once

#include "adapters/lines.hpp"

#include <caf/expected.hpp>
#include <caf/unit.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace backendim {

/// Labels that everything of ours carries; nothing without them is ever touched.
namespace label {
inline constexpr auto platform = "im.backend.platform"; ///< Value: the installation's id.
inline constexpr auto tenant = "im.backend.tenant";
inline constexpr auto app = "im.backend.app";
inline constexpr auto release = "im.backend.release"; ///< Value: the number, "12".
} // namespace label

struct engine_info {
  std::string node;        ///< This node's name.
  std::string version;     ///< Of the engine, like 20.10.24.
  std::string api_version; ///< Negotiated: the lower of ours and the engine's.
  bool swarm_manager = false;
  std::string cgroup_version;
  std::vector<std::string> warnings;
};

/// A Swarm service of ours: one release of one app.
struct service_spec {
  std::string name; ///< <tenant>-<app>-v<release>
  std::string tenant;
  std::string app;
  uint32_t release = 0;
  std::string image;                ///< By digest.
  std::vector<std::string> command; ///< Empty: the image's own.
  std::map<std::string, std::string> env;
  uint32_t replicas = 1;
  double cpus = 1.0;                   ///< Limit, in cores.
  uint64_t memory_bytes = 512u << 20;  ///< Limit.
  uint32_t pids = 512;                 ///< Limit.
  std::chrono::seconds stop_grace{10}; ///< Between SIGTERM and SIGKILL.
};

struct service_info {
  std::string name;
  std::string tenant;
  std::string app;
  uint32_t release = 0;
  uint32_t replicas = 0;
  std::string image;
};

enum class task_state : uint8_t { pending, starting, running, failed, stopped };

/// One task, as this node and the managers see it.
struct task_info {
  std::string id;
  std::string service;
  task_state state = task_state::pending;
  bool wanted = true;       ///< Swarm wants it running; false: it is being removed or replaced.
  std::string container_id; ///< Empty before there is one.
  std::string address;      ///< On docker_gwbridge, without port; empty before it runs.
  int exit_code = 0;        ///< Of a failed or stopped task.
  bool out_of_memory = false;
  std::string message; ///< What Swarm says is wrong, "" when nothing.
};

struct listening_socket {
  std::string address; ///< "0.0.0.0", "127.0.0.1", "::", "::1", ...
  uint16_t port = 0;
};

/// Something happened to a container of ours on this node.
struct engine_event {
  enum class kind : uint8_t {
    created,
    started,
    died,
    out_of_memory,
    destroyed,
    resync, ///< The stream was (re)opened: list tasks anew, events may have been missed.
  };
  kind what = kind::resync;
  std::string service;
  std::string task_id;
  std::string container_id;
  int exit_code = 0;
};

struct log_query {
  uint32_t tail = 100; ///< Last lines first; 0: none of the past.
  bool follow = false;
  bool timestamps = false;
};

/// Docker in Swarm mode, in our words. Calls block, at most a few seconds unless said otherwise.
/// Every call may fail with unavailable (a failure {engine_unavailable}).
class container_engine {
public:
  virtual ~container_engine() = default;

  virtual caf::expected<engine_info> info() = 0;

  /// Makes the tenant's overlay network (a /20 of its own) unless it is there.
  virtual caf::expected<caf::unit_t> ensure_network(const std::string& tenant) = 0;

  /// Removes the tenant's network. Absent, or still in use, is no error.
  virtual caf::expected<caf::unit_t> remove_network(const std::string& tenant) = 0;

  /// Makes the service, in the tenant's network, hardened, unless one of this name is there
  /// already. Fails with invalid_request when the engine refuses the spec.
  virtual caf::expected<caf::unit_t> ensure_service(const service_spec& spec) = 0;

  /// Fails with not_found.
  virtual caf::expected<caf::unit_t> scale_service(const std::string& name, uint32_t replicas) = 0;

  /// Absent is no error. Returns before the tasks are gone.
  virtual caf::expected<caf::unit_t> remove_service(const std::string& name) = 0;

  /// All services of ours.
  virtual caf::expected<std::vector<service_info>> services() = 0;

  /// The tasks of a service, newest first, ended ones too; none when there is no such service.
  virtual caf::expected<std::vector<task_info>> tasks(const std::string& service) = 0;

  /// What a container of this node listens on (TCP). Fails with not_found.
  virtual caf::expected<std::vector<listening_socket>> listening(const std::string& container_id)
    = 0;

  /// The last lines a container wrote, ended ones too. Fails with not_found.
  virtual caf::expected<std::vector<std::string>> container_log(const std::string& container_id,
                                                                uint32_t lines)
    = 0;

  /// Sends the service's output, as Swarm collects it, to *on_line* until *stop*, or until the end
  /// of what is there when not following. Fails with not_found.
  virtual caf::expected<caf::unit_t> service_log(const std::string& service, const log_query& query,
                                                 const line_sink& on_line, std::stop_token stop)
    = 0;

  /// Reports containers of ours until *stop*: a resync first, and again after each reconnect.
  virtual void watch(const std::function<void(const engine_event&)>& on_event, std::stop_token stop)
    = 0;
};

} // namespace backendim
