#include "adapters/docker/task.hpp"

#include "adapters/docker/fields.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace backendim::docker {

namespace {

namespace json = boost::json;

constexpr auto task_label = "com.docker.swarm.task.id";
constexpr auto service_label = "com.docker.swarm.service.name";

/// RFC 3339 with any number of decimals, comparable as text.
std::string sortable(std::string time) {
  constexpr size_t seconds = 19; // 2026-11-23T16:49:42
  auto decimals = time.size() > seconds ? time.substr(seconds + 1) : std::string{};
  decimals.resize(std::min(decimals.find_first_not_of("0123456789"), decimals.size()));
  decimals.resize(9, '0');
  time.resize(seconds, '0');
  return time + decimals;
}

/// Swarm's task states, which only ever go forward, in our words.
task_state to_state(const std::string& swarm) {
  if (swarm == "running")
    return task_state::running;
  if (swarm == "preparing" || swarm == "ready" || swarm == "starting")
    return task_state::starting;
  if (swarm == "failed" || swarm == "rejected" || swarm == "complete")
    return task_state::failed;
  if (swarm == "shutdown" || swarm == "remove" || swarm == "orphaned")
    return task_state::stopped;
  return task_state::pending; // new, allocated, pending, assigned, accepted
}

bool ended(task_state x) {
  return x == task_state::failed || x == task_state::stopped;
}

task_info decode_task(const json::value& x, const std::string& service) {
  task_info result;
  result.id = text(x, "/ID");
  result.service = service;
  result.state = to_state(text(x, "/Status/State"));
  const auto desired = text(x, "/DesiredState");
  result.wanted = !ended(to_state(desired));
  result.container_id = text(x, "/Status/ContainerStatus/ContainerID");
  result.exit_code = static_cast<int>(number(x, "/Status/ContainerStatus/ExitCode"));
  result.message = text(x, "/Status/Err");
  return result;
}

/// This node's engine knows its containers first.
void add_local(task_info& x, const local_container& local) {
  if (x.container_id.empty())
    x.container_id = local.id;
  if (x.message.empty())
    x.message = local.error;
  if (local.running && !ended(x.state))
    x.state = task_state::running;
  if (!local.ended)
    return;
  x.exit_code = local.exit_code;
  x.out_of_memory = local.out_of_memory;
  if (!ended(x.state))
    x.state = x.wanted ? task_state::failed : task_state::stopped;
}

} // namespace

std::map<std::string, local_container> decode_containers(const json::value& listing) {
  std::map<std::string, local_container> result;
  for (const auto& x : list(listing, "")) {
    local_container c;
    c.id = text(x, "/Id");
    const auto state = text(x, "/State");
    c.running = state == "running" || state == "paused";
    c.ended = state == "exited" || state == "dead";
    result[member(members(x, "/Labels"), task_label)] = std::move(c);
  }
  return result;
}

void add_details(local_container& x, const json::value& inspected) {
  x.exit_code = static_cast<int>(number(inspected, "/State/ExitCode"));
  x.out_of_memory = flag(inspected, "/State/OOMKilled");
  x.error = text(inspected, "/State/Error");
}

std::map<std::string, std::string> decode_addresses(const json::value& network) {
  std::map<std::string, std::string> result;
  for (const auto& [id, endpoint] : members(network, "/Containers")) {
    const auto address = text(endpoint, "/IPv4Address");
    result[std::string{id}] = address.substr(0, address.find('/'));
  }
  return result;
}

std::map<std::string, std::string> services_by_address(const json::value& listing,
                                                       const json::value& network) {
  const auto addresses = decode_addresses(network);
  std::map<std::string, std::string> result;
  for (const auto& x : list(listing, ""))
    if (const auto found = addresses.find(text(x, "/Id")); found != addresses.end())
      result[found->second] = member(members(x, "/Labels"), service_label);
  return result;
}

std::vector<task_info> merge_tasks(const json::value& tasks, const std::string& service,
                                   const std::string& platform_id,
                                   const std::map<std::string, local_container>& containers,
                                   const std::map<std::string, std::string>& addresses) {
  std::vector<std::pair<std::string, task_info>> found; // by time of creation
  for (const auto& x : list(tasks, "")) {
    if (member(members(x, "/Spec/ContainerSpec/Labels"), label::platform) != platform_id)
      continue;
    auto t = decode_task(x, service);
    if (auto local = containers.find(t.id); local != containers.end())
      add_local(t, local->second);
    if (t.state == task_state::running)
      if (auto address = addresses.find(t.container_id); address != addresses.end())
        t.address = address->second;
    found.emplace_back(sortable(text(x, "/CreatedAt")), std::move(t));
  }
  std::ranges::stable_sort(found, std::ranges::greater{}, [](const auto& x) { return x.first; });
  std::vector<task_info> result;
  for (auto& [time, t] : found)
    result.push_back(std::move(t));
  return result;
}

std::optional<engine_event> decode_event(const json::value& x) {
  static const std::map<std::string, engine_event::kind> kinds{
    {"create", engine_event::kind::created},    {"start", engine_event::kind::started},
    {"die", engine_event::kind::died},          {"oom", engine_event::kind::out_of_memory},
    {"destroy", engine_event::kind::destroyed},
  };
  const auto kind = kinds.find(text(x, "/Action"));
  if (kind == kinds.end() || text(x, "/Type") != "container")
    return std::nullopt;
  const auto& attributes = members(x, "/Actor/Attributes");
  engine_event result;
  result.what = kind->second;
  result.service = member(attributes, service_label);
  result.task_id = member(attributes, task_label);
  result.container_id = text(x, "/Actor/ID");
  const auto code = member(attributes, "exitCode");
  std::from_chars(code.data(), code.data() + code.size(), result.exit_code);
  return result;
}

} // namespace backendim::docker
