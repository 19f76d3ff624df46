#pragma once

#include "protocol/access.hpp"
#include "protocol/node.hpp"

#include <caf/optional.hpp>
#include <caf/typed_actor.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace backendim {

struct await_release {
  static constexpr std::string_view summary
    = "Waits until a release's tasks are ready, or until it is clear that they will not be.";
  static constexpr field_doc docs[] = {
    {"port", "Where each task has to answer."},
    {"health_path", "Path that has to answer below 400; empty: a connection is enough."},
  };
  std::string service;
  uint16_t port = 0;
  std::string health_path;
  uint32_t replicas = 1;
  friend bool operator==(const await_release&, const await_release&) = default;
};
BOOST_DESCRIBE_STRUCT(await_release, (), (service, port, health_path, replicas))

struct release_ready {
  static constexpr std::string_view summary = "That many tasks of the release are ready.";
  std::string service;
  uint32_t tasks = 0;
  friend bool operator==(const release_ready&, const release_ready&) = default;
};
BOOST_DESCRIBE_STRUCT(release_ready, (), (service, tasks))

struct set_route {
  static constexpr std::string_view summary = "Sends a host's requests to a release from now on.";
  static constexpr field_doc docs[] = {
    {"service", "Absent: show the page."},
    {"title", "Of the page for the time when no task is ready."},
    {"text", "Of the same page."},
  };
  std::string host;
  caf::optional<await_release> service;
  std::string title;
  std::string text;
  friend bool operator==(const set_route&, const set_route&) = default;
};
BOOST_DESCRIBE_STRUCT(set_route, (), (host, service, title, text))

struct remove_route {
  static constexpr std::string_view summary = "Forgets a host.";
  std::string host;
  friend bool operator==(const remove_route&, const remove_route&) = default;
};
BOOST_DESCRIBE_STRUCT(remove_route, (), (host))

struct route_set {
  static constexpr std::string_view summary = "New requests follow the change.";
  std::string host;
  uint64_t epoch = 0;
  friend bool operator==(const route_set&, const route_set&) = default;
};
BOOST_DESCRIBE_STRUCT(route_set, (), (host, epoch))

struct retire_release {
  static constexpr std::string_view summary
    = "Lets a release's open requests finish, then removes it.";
  std::string service;
  friend bool operator==(const retire_release&, const retire_release&) = default;
};
BOOST_DESCRIBE_STRUCT(retire_release, (), (service))

struct route_info {
  static constexpr std::string_view summary = "A host and the tasks that serve it.";
  std::string host;
  std::string service;
  std::vector<std::string> upstreams;
  std::string page;
  friend bool operator==(const route_info&, const route_info&) = default;
};
BOOST_DESCRIBE_STRUCT(route_info, (), (host, service, upstreams, page))

struct gateway_info {
  static constexpr std::string_view summary = "The route table in use.";
  uint64_t epoch = 0;
  std::vector<route_info> routes;
  friend bool operator==(const gateway_info&, const gateway_info&) = default;
};
BOOST_DESCRIBE_STRUCT(gateway_info, (), (epoch, routes))

struct get_gateway {
  static constexpr std::string_view summary = "Asks for the route table in use.";
  static constexpr permission needs = permission::operate;
  friend bool operator==(const get_gateway&, const get_gateway&) = default;
};
BOOST_DESCRIBE_STRUCT(get_gateway, (), ())

/// What a service has ready, as its watch reports to the gateway.
struct upstreams_changed {
  static constexpr std::string_view summary = "Other tasks of a service are ready than before.";
  std::string service;
  std::vector<std::string> addresses;
  friend bool operator==(const upstreams_changed&, const upstreams_changed&) = default;
};
BOOST_DESCRIBE_STRUCT(upstreams_changed, (), (service, addresses))

struct service_report {
  static constexpr std::string_view summary = "A service and which of its tasks are ready.";
  std::string service;
  std::vector<task> tasks;
  std::vector<std::string> ready;
  friend bool operator==(const service_report&, const service_report&) = default;
};
BOOST_DESCRIBE_STRUCT(service_report, (), (service, tasks, ready))

struct get_service {
  static constexpr std::string_view summary = "Asks which tasks of a service are ready.";
  static constexpr permission needs = permission::operate;
  friend bool operator==(const get_service&, const get_service&) = default;
};
BOOST_DESCRIBE_STRUCT(get_service, (), ())

/// Watches the tasks of one service, at service/<name>. await_release fails with build_failed and
/// a failure that names the cause.
using service_actor = caf::typed_actor<caf::replies_to<await_release>::with<release_ready>,
                                       caf::replies_to<get_service>::with<service_report>,
                                       caf::reacts_to<container_changed>>;

/// The way in to the tasks of one node, at gateway/<node>.
using gateway_actor
  = caf::typed_actor<caf::replies_to<await_release>::with<release_ready>,
                     caf::replies_to<set_route>::with<route_set>,
                     caf::replies_to<remove_route>::with<route_set>,
                     caf::replies_to<retire_release>::with<release_removed>,
                     caf::replies_to<get_gateway>::with<gateway_info>,
                     caf::reacts_to<upstreams_changed>, caf::reacts_to<container_changed>>;

struct release_image {
  static constexpr std::string_view summary = "Starts a release beside the one that serves.";
  run_release what;
  friend bool operator==(const release_image&, const release_image&) = default;
};
BOOST_DESCRIBE_STRUCT(release_image, (), (what))

struct verify_release {
  static constexpr std::string_view summary
    = "Waits for a release to be ready and sends the host's requests to it.";
  await_release what;
  std::string host;
  friend bool operator==(const verify_release&, const verify_release&) = default;
};
BOOST_DESCRIBE_STRUCT(verify_release, (), (what, host))

/// Brings one release live, at rollout/<deployment id>. Fails with build_failed, unavailable.
using rollout_actor = caf::typed_actor<caf::replies_to<release_image>::with<release_running>,
                                       caf::replies_to<verify_release>::with<route_set>>;

} // namespace backendim
