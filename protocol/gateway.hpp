#pragma once

#include "protocol/access.hpp"
#include "protocol/edge_rules.hpp"
#include "protocol/error.hpp"
#include "protocol/node.hpp"
#include "protocol/quota.hpp"
#include "protocol/release.hpp"
#include "protocol/request_count.hpp"

#include <caf/optional.hpp>
#include <caf/typed_actor.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace backendim {

struct await_release {
  static constexpr std::string_view summary
    = "Waits until a release's tasks are ready, or until it is clear that they will not be.";
  static constexpr field_doc docs[] = {
    {"port", "Where each task has to answer."},
    {"health_path", "Path that has to answer below 400; empty: a connection is enough."},
    {"min_healthy", "How long a task has to answer well before it is ready."},
    {"secrets", "Whose values must not be shown when it fails."},
  };
  std::string service;
  uint16_t port = 0;
  std::string health_path;
  uint32_t replicas = 1;
  std::chrono::seconds min_healthy{0};
  sealed_secrets secrets;
  friend bool operator==(const await_release&, const await_release&) = default;
};
BOOST_DESCRIBE_STRUCT(await_release, (),
                      (service, port, health_path, replicas, min_healthy, secrets))

struct release_ready {
  static constexpr std::string_view summary = "That many tasks of the release are ready.";
  std::string service;
  uint32_t tasks = 0;
  friend bool operator==(const release_ready&, const release_ready&) = default;
};
BOOST_DESCRIBE_STRUCT(release_ready, (), (service, tasks))

struct await_failure {
  static constexpr std::string_view summary
    = "Waits until a task of a release that serves ends by itself.";
  static constexpr field_doc docs[] = {{"secrets", "Whose values must not be shown."}};
  std::string service;
  sealed_secrets secrets;
  friend bool operator==(const await_failure&, const await_failure&) = default;
};
BOOST_DESCRIBE_STRUCT(await_failure, (), (service, secrets))

struct release_failed {
  static constexpr std::string_view summary = "A task of a release ended by itself.";
  std::string service;
  failure error;
  friend bool operator==(const release_failed&, const release_failed&) = default;
};
BOOST_DESCRIBE_STRUCT(release_failed, (), (service, error))

struct await_start {
  static constexpr std::string_view summary
    = "Waits until a task of a service has a container, or has ended without one.";
  std::string service;
  std::string tenant;
  friend bool operator==(const await_start&, const await_start&) = default;
};
BOOST_DESCRIBE_STRUCT(await_start, (), (service, tenant))

struct task_started {
  static constexpr std::string_view summary = "A task has a container, or will never have one.";
  task what;
  friend bool operator==(const task_started&, const task_started&) = default;
};
BOOST_DESCRIBE_STRUCT(task_started, (), (what))

struct await_end {
  static constexpr std::string_view summary = "Waits until a task that runs once has ended.";
  static constexpr field_doc docs[] = {{"secrets", "Whose values must not be shown."}};
  std::string service;
  sealed_secrets secrets;
  friend bool operator==(const await_end&, const await_end&) = default;
};
BOOST_DESCRIBE_STRUCT(await_end, (), (service, secrets))

struct task_ended {
  static constexpr std::string_view summary = "How a task that runs once ended.";
  static constexpr field_doc docs[] = {{"log", "The last lines that it wrote. Untrusted text."}};
  task what;
  std::vector<std::string> log;
  friend bool operator==(const task_ended&, const task_ended&) = default;
};
BOOST_DESCRIBE_STRUCT(task_ended, (), (what, log))

struct sealed_rules {
  static constexpr std::string_view summary
    = "What the front door asks of a host's requests, with the passwords sealed.";
  edge_rules what;
  sealed_secrets secrets;
  friend bool operator==(const sealed_rules&, const sealed_rules&) = default;
};
BOOST_DESCRIBE_STRUCT(sealed_rules, (), (what, secrets))

struct set_route {
  static constexpr std::string_view summary
    = "Sends a host's requests to a release from now on. Sent by the app that has the host.";
  static constexpr field_doc docs[] = {
    {"tenant", "Whose the app is."},
    {"service", "Absent: show the page."},
    {"title", "Of the page for the time when no task is ready."},
    {"text", "Of the same page."},
    {"rules", "Asked of each request; absent: nothing."},
    {"maintenance", "Text of a page that is shown instead of the tasks; absent: they answer."},
  };
  std::string host;
  std::string tenant;
  std::string app;
  caf::optional<await_release> service;
  std::string title;
  std::string text;
  caf::optional<sealed_rules> rules{};
  caf::optional<std::string> maintenance{};
  friend bool operator==(const set_route&, const set_route&) = default;
};
BOOST_DESCRIBE_STRUCT(set_route, (), (host, tenant, app, service, title, text, rules, maintenance))

struct remove_route {
  static constexpr std::string_view summary
    = "Forgets a host, unless another app has it by now. Sent by the app that had it.";
  std::string host;
  std::string tenant;
  std::string app;
  friend bool operator==(const remove_route&, const remove_route&) = default;
};
BOOST_DESCRIBE_STRUCT(remove_route, (), (host, tenant, app))

struct set_aliases {
  static constexpr std::string_view summary
    = "Sends requests for other hosts where those for apps' own hosts go, from now on.";
  static constexpr field_doc docs[] = {
    {"hosts", "Each alias with the app's own host; those that are not named are none any more."},
    {"host", "The answer waits until requests for this one find their way; empty: for none."},
  };
  std::map<std::string, std::string> hosts;
  std::string host;
  friend bool operator==(const set_aliases&, const set_aliases&) = default;
};
BOOST_DESCRIBE_STRUCT(set_aliases, (), (hosts, host))

struct route_set {
  static constexpr std::string_view summary = "New requests follow the change.";
  std::string host;
  uint64_t epoch = 0;
  friend bool operator==(const route_set&, const route_set&) = default;
};
BOOST_DESCRIBE_STRUCT(route_set, (), (host, epoch))

struct split_route {
  static constexpr std::string_view summary
    = "Sends a share of a host's requests to another release, and tells what became of them.";
  static constexpr field_doc docs[] = {
    {"service", "The other release; retiring it ends the split, too."},
    {"weight", "The share, in hundredths of a percent."},
  };
  std::string host;
  await_release service;
  uint32_t weight = 0;
  friend bool operator==(const split_route&, const split_route&) = default;
};
BOOST_DESCRIBE_STRUCT(split_route, (), (host, service, weight))

struct split_counted {
  static constexpr std::string_view summary
    = "What became of a host's requests since its split is in use.";
  static constexpr field_doc docs[] = {
    {"canary", "Of those that the other release got."},
    {"stable", "Of the rest."},
    {"waiting", "How many the other release has not begun to answer."},
  };
  std::string host;
  request_count canary;
  request_count stable;
  uint64_t waiting = 0;
  friend bool operator==(const split_counted&, const split_counted&) = default;
};
BOOST_DESCRIBE_STRUCT(split_counted, (), (host, canary, stable, waiting))

struct end_split {
  static constexpr std::string_view summary = "A release gets no share of a host's requests.";
  std::string host;
  std::string service;
  friend bool operator==(const end_split&, const end_split&) = default;
};
BOOST_DESCRIBE_STRUCT(end_split, (), (host, service))

struct retire_release {
  static constexpr std::string_view summary
    = "Lets a release's open requests finish, then removes it.";
  std::string service;
  friend bool operator==(const retire_release&, const retire_release&) = default;
};
BOOST_DESCRIBE_STRUCT(retire_release, (), (service))

struct route_share {
  static constexpr std::string_view summary = "A release that gets some of a host's requests.";
  static constexpr field_doc docs[] = {{"weight", "How many, in hundredths of a percent."}};
  std::string service;
  std::vector<std::string> upstreams;
  uint32_t weight = 0;
  friend bool operator==(const route_share&, const route_share&) = default;
};
BOOST_DESCRIBE_STRUCT(route_share, (), (service, upstreams, weight))

struct route_info {
  static constexpr std::string_view summary = "A host and the tasks that serve it.";
  static constexpr field_doc docs[] = {
    {"page", "Title of the page for the time when no task is ready."},
    {"text", "Of the same page."},
    {"maintenance", "Text of the page that is shown instead of the tasks; absent: they answer."},
    {"tenant_requests", "So many a second all hosts of its tenant may get; absent: any number."},
    {"canary", "Absent: the service gets all requests."},
    {"alias_of", "The app's own host, if this is another one of it."},
    {"tenant", "Whose the app is."},
  };
  std::string host;
  std::string service;
  std::vector<std::string> upstreams;
  std::string page;
  std::string text;
  caf::optional<route_rules> rules{};
  caf::optional<std::string> maintenance{};
  caf::optional<uint32_t> tenant_requests{};
  caf::optional<route_share> canary{};
  caf::optional<std::string> alias_of{};
  caf::optional<std::string> tenant{};
  friend bool operator==(const route_info&, const route_info&) = default;
};
BOOST_DESCRIBE_STRUCT(route_info, (),
                      (host, service, upstreams, page, text, rules, maintenance, tenant_requests,
                       canary, alias_of, tenant))

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

/// Watches the tasks of one service, at service/<tenant>/<name>. await_release fails with
/// build_failed and a failure that names the cause; await_end also with not_found when the tasks
/// are gone.
using service_actor = caf::typed_actor<
  caf::replies_to<await_release>::with<release_ready>,
  caf::replies_to<await_failure>::with<release_failed>,
  caf::replies_to<await_start>::with<task_started>, caf::replies_to<await_end>::with<task_ended>,
  caf::replies_to<get_service>::with<service_report>, caf::reacts_to<container_changed>>;

/// The way in to the tasks of one node, at gateway/<node>.
using gateway_actor = caf::typed_actor<
  caf::replies_to<await_release>::with<release_ready>,
  caf::replies_to<await_failure>::with<release_failed>,
  caf::replies_to<await_start>::with<task_started>, caf::replies_to<await_end>::with<task_ended>,
  caf::replies_to<set_route>::with<route_set>, caf::replies_to<remove_route>::with<route_set>,
  caf::replies_to<split_route>::with<split_counted>, caf::replies_to<end_split>::with<route_set>,
  caf::replies_to<set_aliases>::with<route_set>,
  caf::replies_to<retire_release>::with<release_removed>,
  caf::replies_to<get_gateway>::with<gateway_info>, caf::reacts_to<upstreams_changed>,
  caf::reacts_to<container_changed>, caf::reacts_to<request_limit>>;

} // namespace backendim
