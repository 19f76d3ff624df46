#pragma once

#include "adapters/exec_session.hpp"
#include "adapters/lines.hpp"
#include "protocol/quota.hpp"

#include <caf/expected.hpp>
#include <caf/unit.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
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
inline constexpr auto service = "im.backend.service"; ///< Of a secret: the service that has it.
} // namespace label

struct engine_info {
  std::string node;        ///< This node's name.
  std::string version;     ///< Of the engine, like 20.10.24.
  std::string api_version; ///< Negotiated: the lower of ours and the engine's.
  bool swarm_manager = false;
  std::string cgroup_version;
  std::vector<std::string> warnings;
  std::string encryption;  ///< "on": new tenants' networks are encrypted; else why not.
  std::string data_folder; ///< Where it keeps images and containers, on its machine.
};

/// A file that the tasks of one service see, in memory only.
struct secret_file {
  std::string path; ///< Absolute.
  std::string content;
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
  bool once = false; ///< Tasks that end are not started again.
  std::string host;  ///< Where the app answers, for proxies that read labels; or "".
  double cpus = task_cpu_millis / 1'000.0; ///< Limit, in cores.
  uint64_t memory_bytes = task_memory;     ///< Limit.
  uint32_t pids = 512;                     ///< Limit.
  std::chrono::seconds stop_grace{10};     ///< Between SIGTERM and SIGKILL.
  std::vector<secret_file> secrets;
  /// Besides env: what only the app's process has, and nothing that the engine tells of it.
  std::map<std::string, std::string> secret_env;
  /// Folders besides /tmp that may be written in: in memory, writable_bytes each, everybody's.
  std::vector<std::string> writable{};
};

struct service_info {
  std::string name;
  std::string tenant;
  std::string app;
  uint32_t release = 0;
  uint32_t replicas = 0;
  std::string image;
};

/// Whether *x* is what *spec* asks for; how many tasks it has is another question.
inline bool is_of(const service_spec& spec, const service_info& x) {
  return x.tenant == spec.tenant && x.app == spec.app && x.release == spec.release
         && x.image == spec.image;
}

/// A task has failed when it ended by itself, whatever its exit code says.
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

/// An image on this node, of anybody.
struct image_info {
  std::string id;                   ///< Its content.
  std::vector<std::string> digests; ///< Names by digest: <registry>/<repository>@sha256:…
  std::vector<std::string> tags;    ///< Names by tag: <repository>:<tag>.
  uint64_t bytes = 0;               ///< With the layers that it shares with others.
  std::chrono::system_clock::time_point made{};
};

struct log_query {
  uint32_t tail = 100; ///< Last lines first; 0: none of the past.
  bool follow = false;
};

/// Docker in Swarm mode, in our words. Calls block, at most a few seconds unless said otherwise.
/// Every call may fail with unavailable (a failure {engine_unavailable}).
class container_engine {
public:
  virtual ~container_engine() = default;

  virtual caf::expected<engine_info> info() = 0;

  /// Makes the tenant's overlay network (a /20 of its own) unless it is there. Fails with conflict
  /// when networks must be encrypted and it cannot be, or is there and is not.
  virtual caf::expected<caf::unit_t> ensure_network(const std::string& tenant) = 0;

  /// Removes the networks of tenants that have no service. Returns how many stay for now, because
  /// tasks of a service that is gone still end in them.
  virtual caf::expected<size_t> remove_idle_networks() = 0;

  /// Makes the service, in the tenant's network, hardened, unless it is there already. Fails with
  /// invalid_request when the engine refuses the spec, and with conflict when one of this name is
  /// there that is of another tenant, app, release or image, or not ours. Each value of the
  /// environment reaches the process byte for byte.
  virtual caf::expected<caf::unit_t> ensure_service(const service_spec& spec) = 0;

  /// Fails with not_found.
  virtual caf::expected<caf::unit_t> scale_service(const std::string& name, uint32_t replicas) = 0;

  /// With its secrets. Absent is no error. Returns before the tasks are gone.
  virtual caf::expected<caf::unit_t> remove_service(const std::string& name) = 0;

  /// All services of ours.
  virtual caf::expected<std::vector<service_info>> services() = 0;

  /// The tasks of a service, newest first, ended ones too; none when there is no such service.
  virtual caf::expected<std::vector<task_info>> tasks(const std::string& service) = 0;

  /// The addresses of the running containers of ours on this node, and the service of each.
  virtual caf::expected<std::map<std::string, std::string>> running() = 0;

  /// What a container of this node listens on (TCP). Fails with not_found.
  virtual caf::expected<std::vector<listening_socket>> listening(const std::string& container_id)
    = 0;

  /// The last lines a container wrote, ended ones too. Fails with not_found.
  virtual caf::expected<std::vector<std::string>> container_log(const std::string& container_id,
                                                                uint32_t lines)
    = 0;

  /// Sends all that a container of this node wrote and will write to *on_line*, until it has ended
  /// or *stop*. Lines of one stream keep their order. Fails with not_found.
  virtual caf::expected<caf::unit_t> container_output(const std::string& container_id,
                                                      const output_sink& on_line,
                                                      std::stop_token stop)
    = 0;

  /// Prepares a command beside the container's own process, with what that sees of the app's
  /// environment. Fails with not_found when the container is not on this node, and with conflict
  /// when it does not run.
  virtual caf::expected<std::shared_ptr<exec_session>> exec(const exec_request& what) = 0;

  /// Sends the service's output, as Swarm collects it, to *on_line* until *stop*, or until the end
  /// of what is there when not following. Fails with not_found.
  virtual caf::expected<caf::unit_t> service_log(const std::string& service, const log_query& query,
                                                 const line_sink& on_line, std::stop_token stop)
    = 0;

  /// All images of this node that have a name.
  virtual caf::expected<std::vector<image_info>> images() = 0;

  /// Takes the image one of its *names* by digest, and removes it with its last one. Absent is no
  /// error. Fails with conflict while a container uses it, ended ones too.
  virtual caf::expected<caf::unit_t> remove_image(const std::string& name) = 0;

  /// What all images of this node take together, in bytes.
  virtual caf::expected<uint64_t> image_bytes() = 0;

  /// Reports containers of ours until *stop*: a resync first, and again after each reconnect.
  virtual void watch(const std::function<void(const engine_event&)>& on_event, std::stop_token stop)
    = 0;
};

} // namespace backendim
