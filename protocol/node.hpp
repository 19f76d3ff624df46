#pragma once

#include "protocol/access.hpp"
#include "protocol/reconcile.hpp"
#include "protocol/secret.hpp"

#include <caf/optional.hpp>
#include <caf/typed_actor.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace backendim {

struct run_release {
  static constexpr std::string_view summary = "Starts the tasks of a release unless they run.";
  static constexpr field_doc docs[] = {
    {"service", "Name of the Swarm service to make."},
    {"env", "With ${SECRET:NAME} in place of secrets."},
    {"host", "Where it answers; for proxies that go by the labels of services."},
    {"command", "Replaces the image's own; empty: it does not."},
    {"once", "Whether a task that ends is left so, and not started again."},
    {"secrets", "Those that env or secret_files name."},
    {"secret_files", "Secrets that the tasks find in /run/secrets."},
    {"writable", "Folders besides /tmp that they may write in."},
  };
  std::string service;
  std::string tenant;
  std::string app;
  uint32_t release = 0;
  std::string image;
  std::map<std::string, std::string> env;
  uint32_t replicas = 1;
  caf::optional<std::string> host;
  std::vector<std::string> command;
  bool once = false;
  sealed_secrets secrets;
  std::vector<std::string> secret_files;
  std::vector<std::string> writable;
  friend bool operator==(const run_release&, const run_release&) = default;
};
BOOST_DESCRIBE_STRUCT(run_release, (),
                      (service, tenant, app, release, image, env, replicas, host, command, once,
                       secrets, secret_files, writable))

struct release_running {
  static constexpr std::string_view summary = "The engine took the release; its tasks may start.";
  std::string service;
  friend bool operator==(const release_running&, const release_running&) = default;
};
BOOST_DESCRIBE_STRUCT(release_running, (), (service))

struct remove_release {
  static constexpr std::string_view summary = "Removes a release's service and its tasks.";
  std::string service;
  friend bool operator==(const remove_release&, const remove_release&) = default;
};
BOOST_DESCRIBE_STRUCT(remove_release, (), (service))

struct release_removed {
  static constexpr std::string_view summary = "The engine has no such service any more.";
  std::string service;
  friend bool operator==(const release_removed&, const release_removed&) = default;
};
BOOST_DESCRIBE_STRUCT(release_removed, (), (service))

struct get_tasks {
  static constexpr std::string_view summary = "Asks for the tasks of a service.";
  std::string service;
  friend bool operator==(const get_tasks&, const get_tasks&) = default;
};
BOOST_DESCRIBE_STRUCT(get_tasks, (), (service))

enum class task_phase : uint8_t { pending = 1, starting, running, failed, stopped };
BOOST_DESCRIBE_ENUM(task_phase, pending, starting, running, failed, stopped)

struct task {
  static constexpr std::string_view summary = "One task of a service.";
  static constexpr field_doc docs[] = {
    {"wanted", "Whether Swarm wants it to run."},
    {"container", "Its container's id; empty before there is one."},
    {"address", "Where its node reaches it; empty before it runs."},
    {"message", "What Swarm says is wrong."},
  };
  std::string id;
  task_phase phase = task_phase::pending;
  bool wanted = true;
  std::string container;
  std::string address;
  int32_t exit_code = 0;
  bool out_of_memory = false;
  std::string message;
  friend bool operator==(const task&, const task&) = default;
};
BOOST_DESCRIBE_STRUCT(task, (),
                      (id, phase, wanted, container, address, exit_code, out_of_memory, message))

struct task_list {
  static constexpr std::string_view summary = "The tasks of a service, newest first.";
  std::vector<task> tasks;
  friend bool operator==(const task_list&, const task_list&) = default;
};
BOOST_DESCRIBE_STRUCT(task_list, (), (tasks))

struct get_evidence {
  static constexpr std::string_view summary = "Asks what a container shows of its trouble.";
  static constexpr field_doc docs[] = {{"secrets", "Whose values must not be shown."}};
  std::string container;
  sealed_secrets secrets;
  friend bool operator==(const get_evidence&, const get_evidence&) = default;
};
BOOST_DESCRIBE_STRUCT(get_evidence, (), (container, secrets))

struct open_port {
  static constexpr std::string_view summary = "A TCP socket that a container listens on.";
  std::string address;
  uint16_t port = 0;
  friend bool operator==(const open_port&, const open_port&) = default;
};
BOOST_DESCRIBE_STRUCT(open_port, (), (address, port))

struct evidence {
  static constexpr std::string_view summary = "What a container listens on and wrote last.";
  std::vector<open_port> listening;
  std::vector<std::string> log;
  friend bool operator==(const evidence&, const evidence&) = default;
};
BOOST_DESCRIBE_STRUCT(evidence, (), (listening, log))

/// The engine of one node, on a thread of its own. Fails with unavailable (failure
/// {engine_unavailable}), invalid_request, not_found.
using engine_actor = caf::typed_actor<caf::replies_to<run_release>::with<release_running>,
                                      caf::replies_to<remove_release>::with<release_removed>,
                                      caf::replies_to<scale_release>::with<release_running>,
                                      caf::replies_to<get_services>::with<service_list>,
                                      caf::replies_to<get_tasks>::with<task_list>,
                                      caf::replies_to<get_evidence>::with<evidence>>;

struct container_changed {
  static constexpr std::string_view summary = "A container of a service started or ended.";
  static constexpr field_doc docs[]
    = {{"service", "Empty: events may have been missed, look at everything anew."}};
  std::string service;
  std::string container;
  friend bool operator==(const container_changed&, const container_changed&) = default;
};
BOOST_DESCRIBE_STRUCT(container_changed, (), (service, container))

struct node_info {
  static constexpr std::string_view summary = "A machine of the Swarm, as its own engine sees it.";
  static constexpr field_doc docs[] = {
    {"encryption", "on: networks made anew are encrypted between machines; else why they are not."},
  };
  std::string name;
  std::string engine_version;
  std::string api_version;
  bool manager = false;
  std::string cgroup_version;
  std::vector<std::string> warnings;
  uint64_t container_events = 0;
  std::string encryption;
  friend bool operator==(const node_info&, const node_info&) = default;
};
BOOST_DESCRIBE_STRUCT(node_info, (),
                      (name, engine_version, api_version, manager, cgroup_version, warnings,
                       container_events, encryption))

struct get_node {
  static constexpr std::string_view summary = "Asks what a node is and can.";
  static constexpr permission needs = permission::operate;
  friend bool operator==(const get_node&, const get_node&) = default;
};
BOOST_DESCRIBE_STRUCT(get_node, (), ())

/// One machine, at node/<name>.
using node_actor = caf::typed_actor<caf::replies_to<get_node>::with<node_info>,
                                    caf::reacts_to<node_info>, caf::reacts_to<container_changed>>;

} // namespace backendim
