#include "adapters/docker/service.hpp"

#include "adapters/docker/fields.hpp"

#include <charconv>
#include <cmath>

namespace backendim::docker {

namespace {

namespace json = boost::json;

constexpr int64_t nanoseconds = 1'000'000'000;
constexpr int64_t tmp_bytes = 64 << 20;
constexpr int tmp_mode = 01777; // the API takes the number, 1023, not its octal digits

json::object container_spec(const service_spec& spec, const json::object& labels,
                            api_version version) {
  json::array environment;
  for (const auto& [name, value] : spec.env) // a map: the order, and so the spec, is stable
    environment.push_back(json::value(name + "=" + value));
  json::object result{
    {"Image", spec.image},
    {"Labels", labels},
    {"Env", std::move(environment)},
    {"Init", true},
    {"ReadOnly", true},
    {"CapabilityDrop", {"ALL"}},
    {"StopGracePeriod", int64_t{spec.stop_grace.count()} * nanoseconds},
    {"Healthcheck", {{"Test", json::array{"NONE"}}}}, // overrides the image's own
    {"Mounts", json::array{{{"Type", "tmpfs"},
                            {"Target", "/tmp"},
                            {"TmpfsOptions", {{"SizeBytes", tmp_bytes}, {"Mode", tmp_mode}}}}}},
  };
  if (!spec.command.empty()) {
    json::array command;
    for (const auto& word : spec.command)
      command.push_back(json::value(word));
    result["Command"] = std::move(command);
  }
  if (version >= api_version{1, 44})
    result["Privileges"] = {{"NoNewPrivileges", true}};
  return result;
}

} // namespace

json::object tenant_labels(const std::string& platform_id, const std::string& tenant) {
  return {{label::platform, platform_id}, {label::tenant, tenant}};
}

json::object encode_service(const service_spec& spec, const std::string& platform_id,
                            const std::string& network, api_version version) {
  auto labels = tenant_labels(platform_id, spec.tenant);
  labels[label::app] = spec.app;
  labels[label::release] = std::to_string(spec.release);
  const json::object limits{
    {"NanoCPUs", std::llround(spec.cpus * static_cast<double>(nanoseconds))},
    {"MemoryBytes", spec.memory_bytes},
    {"Pids", spec.pids},
  };
  return {
    {"Name", spec.name},
    {"Labels", labels},
    {"TaskTemplate",
     {
       {"ContainerSpec", container_spec(spec, labels, version)},
       {"Resources", {{"Limits", limits}}},
       {"RestartPolicy", {{"Condition", "any"}, {"Delay", nanoseconds}}},
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
