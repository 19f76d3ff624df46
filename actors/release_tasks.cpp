#include "actors/release_tasks.hpp"

#include "protocol/fingerprint.hpp"
#include "protocol/secret_use.hpp"

#include <string_view>
#include <utility>

namespace backendim {

namespace {

constexpr size_t longest_name = 63; // of a service; Swarm refuses more
constexpr std::string_view command_mark = "-command";
constexpr size_t longest_tail = 2 + 10 + command_mark.size(); // -v4294967295-command
constexpr size_t kept_of_each = 14;
constexpr size_t mark_length = 12;
static_assert(2 * kept_of_each + mark_length + 2 + longest_tail <= longest_name);

/// <tenant>-<app> where that can be read one way only. Other names get letters behind them that
/// stand for both, and have a dash more, so that they are nobody's plain name.
std::string stem_of(const std::string& tenant, const std::string& app) {
  const bool plain = tenant.find('-') == tenant.npos && app.find('-') == app.npos
                     && tenant.size() + 1 + app.size() + longest_tail <= longest_name;
  if (plain)
    return tenant + "-" + app;
  return tenant.substr(0, kept_of_each) + "-" + app.substr(0, kept_of_each) + "-"
         + letters_of(tenant + "/" + app, mark_length);
}

} // namespace

std::string service_name(const std::string& tenant, const std::string& app, uint32_t release) {
  return stem_of(tenant, app) + "-v" + std::to_string(release);
}

std::string command_service(const std::string& service) {
  return service + std::string{command_mark};
}

std::string one_off_service(const std::string& id) {
  auto result = "task-" + id;
  for (auto& c : result)
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c - 'A' + 'a');
  return result;
}

uint32_t replicas_of(const release& x) {
  return x.config.scaling && x.config.scaling->min ? *x.config.scaling->min : 1;
}

await_release readiness_of(const std::string& tenant, const std::string& app, const release& x,
                           uint32_t replicas) {
  const auto& config = x.config;
  const auto healthy
    = config.deploy && config.deploy->min_healthy_time ? *config.deploy->min_healthy_time : 0;
  return {service_name(tenant, app, x.number),
          x.port,
          config.health_check ? *config.health_check : "",
          replicas,
          std::chrono::seconds{healthy},
          {tenant, app, x.secrets}};
}

run_release tasks_of(const std::string& tenant, const std::string& app, const release& x,
                     uint32_t replicas, const std::string& host) {
  auto env = x.config.env ? *x.config.env : std::map<std::string, std::string>{};
  env["PORT"] = std::to_string(x.port);
  run_release result;
  result.service = service_name(tenant, app, x.number);
  result.tenant = tenant;
  result.app = app;
  result.release = x.number;
  result.image = x.image;
  result.env = std::move(env);
  result.replicas = replicas;
  if (!host.empty())
    result.host = host;
  result.secrets = {tenant, app, x.secrets};
  if (x.config.secrets)
    result.secret_files = *x.config.secrets;
  if (x.config.writable)
    result.writable = *x.config.writable;
  return result;
}

caf::optional<sealed_rules> rules_of(const std::string& tenant, const std::string& app,
                                     const release& x) {
  if (!x.config.edge)
    return caf::none;
  app_config alone;
  alone.edge = x.config.edge;
  return sealed_rules{*x.config.edge, {tenant, app, used_secrets(alone, x.secrets)}};
}

caf::optional<run_release> command_of(const std::string& tenant, const std::string& app,
                                      const release& x) {
  if (!x.config.deploy || !x.config.deploy->release_command)
    return caf::none;
  auto result = tasks_of(tenant, app, x, 1, ""); // nobody asks it
  result.service = command_service(result.service);
  result.command = {"/bin/sh", "-c", *x.config.deploy->release_command};
  result.once = true;
  return result;
}

run_release one_off_of(const std::string& tenant, const std::string& app, const release& x,
                       const std::string& id, std::vector<std::string> command) {
  auto result = tasks_of(tenant, app, x, 1, ""); // nobody asks it
  result.service = one_off_service(id);
  result.command = std::move(command);
  result.once = true;
  return result;
}

} // namespace backendim
