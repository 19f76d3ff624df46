#include "adapters/docker/service.hpp"

#include "adapters/docker/fields.hpp"
#include "protocol/writable.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>

namespace backendim::docker {

namespace {

namespace json = boost::json;

constexpr int64_t nanoseconds = 1'000'000'000;
constexpr int64_t tmp_bytes = 64 << 20;

/// Docker's own default is a million files, which programs that close all of them suffer from.
constexpr uint64_t most_files = 65'536;

constexpr int tmp_mode = 01777; // the API takes the number, 1023, not its octal digits

/// Everybody in the container may write: they are all the app, and who its user is stands in the
/// image.
json::object memory_folder(const std::string& path, int64_t size) {
  return {{"Type", "tmpfs"},
          {"Target", path},
          {"TmpfsOptions", {{"SizeBytes", size}, {"Mode", tmp_mode}}}};
}

json::array mounts_of(const service_spec& spec, const secret_use& secrets) {
  json::array result;
  result.push_back(memory_folder("/tmp", tmp_bytes));
  for (const auto& folder : spec.writable)
    result.push_back(memory_folder(folder, writable_bytes));
  if (!secrets.starter.empty())
    result.push_back({{"Type", "bind"},
                      {"Source", secrets.starter},
                      {"Target", starter_path},
                      {"ReadOnly", true}});
  return result;
}

json::array limits_of(uint64_t max_files) {
  // A core dump would lie in memory, where /tmp is.
  json::array result{{{"Name", "core"}, {"Soft", 0}, {"Hard", 0}}};
  if (const auto files = std::min(max_files, most_files); files > 0)
    result.push_back({{"Name", "nofile"}, {"Soft", files}, {"Hard", files}});
  return result;
}

/// Swarm takes each "NAME=value" for a Go template. What would begin an action in it becomes an
/// action that says just that, so the process gets every byte as it was written.
std::string literal(std::string_view text) {
  constexpr std::string_view begin = "{{";
  std::string result;
  for (size_t at; (at = text.find(begin)) != text.npos; text.remove_prefix(at + begin.size()))
    result.append(text.substr(0, at)).append(R"({{"{{"}})");
  return result.append(text);
}

json::object container_spec(const service_spec& spec, const json::object& labels,
                            api_version version, const secret_use& secrets, uint64_t max_files) {
  json::array environment;
  for (const auto& [name, value] : spec.env) // a map: the order, and so the spec, is stable
    environment.push_back(json::value(literal(name + "=" + value)));
  json::object result{
    {"Image", spec.image},
    {"Labels", labels},
    {"Env", std::move(environment)},
    {"Init", true},
    {"ReadOnly", true},
    {"CapabilityDrop", {"ALL"}},
    {"Ulimits", limits_of(max_files)},
    {"StopGracePeriod", int64_t{spec.stop_grace.count()} * nanoseconds},
    {"Healthcheck", {{"Test", json::array{"NONE"}}}}, // overrides the image's own
    {"Mounts", mounts_of(spec, secrets)},
  };
  json::array files;
  for (const auto& x : secrets.files)
    files.push_back(
      {{"SecretID", x.id},
       {"SecretName", x.name},
       {"File",
        {{"Name", x.path}, {"UID", secrets.uid}, {"GID", secrets.gid}, {"Mode", secrets.mode}}}});
  if (!files.empty())
    result["Secrets"] = std::move(files);
  const auto& words = secrets.command.empty() ? spec.command : secrets.command;
  if (!words.empty()) {
    json::array command;
    for (const auto& word : words)
      command.push_back(json::value(word));
    result["Command"] = std::move(command);
  }
  if (version >= api_version{1, 44})
    result["Privileges"] = {{"NoNewPrivileges", true}};
  return result;
}

/// For people who run a Traefik of their own that goes by the labels of services. All releases of
/// an app say the same, so it takes their tasks together while one replaces the other.
void add_route_labels(json::object& to, const service_spec& spec, const std::string& network) {
  const auto port = spec.env.find("PORT");
  if (spec.host.empty() || port == spec.env.end())
    return;
  const auto name = spec.tenant + "-" + spec.app;
  to["traefik.enable"] = "true";
  to["traefik.swarm.network"] = network;
  to["traefik.http.routers." + name + ".rule"] = "Host(`" + spec.host + "`)";
  to["traefik.http.routers." + name + ".service"] = name;
  to["traefik.http.services." + name + ".loadbalancer.server.port"] = port->second;
}

} // namespace

json::object tenant_labels(const std::string& platform_id, const std::string& tenant) {
  return {{label::platform, platform_id}, {label::tenant, tenant}};
}

json::object encode_service(const service_spec& spec, const std::string& platform_id,
                            const std::string& network, api_version version,
                            const secret_use& secrets, uint64_t max_files) {
  auto labels = tenant_labels(platform_id, spec.tenant);
  labels[label::app] = spec.app;
  labels[label::release] = std::to_string(spec.release);
  const json::object limits{
    {"NanoCPUs", std::llround(spec.cpus * static_cast<double>(nanoseconds))},
    {"MemoryBytes", spec.memory_bytes},
    {"Pids", spec.pids},
  };
  auto service_labels = labels;
  add_route_labels(service_labels, spec, network);
  return {
    {"Name", spec.name},
    {"Labels", std::move(service_labels)},
    {"TaskTemplate",
     {
       {"ContainerSpec", container_spec(spec, labels, version, secrets, max_files)},
       {"Resources", {{"Limits", limits}}},
       {"RestartPolicy", {{"Condition", spec.once ? "none" : "any"}, {"Delay", nanoseconds}}},
       {"LogDriver",
        {{"Name", "json-file"}, {"Options", {{"max-size", "10m"}, {"max-file", "2"}}}}},
       {"Networks", json::array{{{"Target", network}}}},
     }},
    {"Mode", {{"Replicated", {{"Replicas", spec.replicas}}}}},
    {"EndpointSpec", {{"Mode", "dnsrr"}}}, // a virtual address needs ip_vs, which kernels may lack
  };
}

service_info decode_service(const json::value& x) {
  service_info result;
  const auto& labels = members(x, "/Spec/Labels");
  result.name = text(x, "/Spec/Name");
  result.tenant = member(labels, label::tenant);
  result.app = member(labels, label::app);
  const auto release = member(labels, label::release);
  std::from_chars(release.data(), release.data() + release.size(), result.release);
  result.replicas = static_cast<uint32_t>(number(x, "/Spec/Mode/Replicated/Replicas"));
  result.image = text(x, "/Spec/TaskTemplate/ContainerSpec/Image");
  return result;
}

} // namespace backendim::docker
