#include "adapters/docker/network.hpp"

#include "adapters/docker/fields.hpp"
#include "adapters/docker/service.hpp"
#include "adapters/docker/subnet.hpp"
#include "adapters/http/client.hpp"

#include <chrono>
#include <set>
#include <thread>
#include <vector>

namespace backendim::docker {

namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr unsigned subnet_bits = 20;
constexpr int subnet_attempts = 4;

/// How long Swarm may take to give a network its subnet; it takes about 1 ms.
constexpr auto allocation_limit = 2s;

} // namespace

std::string tenant_networks::name_of(const std::string& tenant) const {
  return "bim-" + config_.platform_id.substr(0, 8) + "-" + tenant;
}

caf::expected<caf::unit_t> tenant_networks::ensure(const std::string& tenant) {
  std::lock_guard lock{mutex_};
  const auto name = name_of(tenant);
  std::vector<std::string> refused;
  for (int i = 0; i < subnet_attempts; ++i) {
    auto there = find_network(name);
    if (!there)
      return std::move(there.error());
    if (there->id.empty()) {
      auto subnet = create(tenant, refused);
      if (!subnet)
        return std::move(subnet.error());
      refused.push_back(*subnet);
      there = find_network(name);
      if (!there)
        return std::move(there.error());
    }
    if (config_.encryption == network_encryption::required && !there->encrypted)
      return engine_error(ec::conflict,
                          "The network " + name + " is not encrypted, and networks must be.",
                          "It was made before they had to be: destroy the apps of " + tenant
                            + " and deploy them again, or set network_encryption to "
                              "when_possible.");
    auto complete = wait_until_complete(there->id);
    if (!complete)
      return std::move(complete.error());
    if (*complete)
      return caf::unit;
    auto removed = api_.remove("/networks/" + there->id);
    if (!removed)
      return std::move(removed.error());
  }
  return caf::make_error(ec::unavailable, "Swarm accepts no subnet for network " + name);
}

caf::expected<size_t> tenant_networks::remove_idle() {
  std::lock_guard lock{mutex_};
  const auto ours
    = filter_query({{"label", {std::string{label::platform} + "=" + config_.platform_id}}});
  auto services = api_.get("/services?" + ours);
  if (!services)
    return std::move(services.error());
  if (!services->ok())
    return refusal(*services, "services");
  std::set<std::string> in_use;
  for (const auto& x : list(services->body, ""))
    in_use.insert(member(members(x, "/Spec/Labels"), label::tenant));
  auto networks = api_.get("/networks?" + ours);
  if (!networks)
    return std::move(networks.error());
  if (!networks->ok())
    return refusal(*networks, "networks");
  size_t left = 0;
  for (const auto& x : list(networks->body, "")) {
    if (in_use.contains(member(members(x, "/Labels"), label::tenant)))
      continue;
    auto removed = api_.remove("/networks/" + text(x, "/Id"));
    if (!removed)
      return std::move(removed.error());
    const auto says
      = [&](std::string_view words) { return removed->message.find(words) != std::string::npos; };
    if (says("in use") || says("active endpoints"))
      ++left;
    else if (!removed->ok() && removed->status != 404 && !says("unknown network"))
      return refusal(*removed, "network " + text(x, "/Name"));
  }
  return left;
}

std::string tenant_networks::encryption(const json::value& info) const {
  if (config_.encryption == network_encryption::off)
    return "It is switched off.";
  const auto why = why_not_encrypted(info, config_.probe);
  return why.empty() ? "on" : why;
}

caf::expected<bool> tenant_networks::wants_encryption() {
  if (config_.encryption == network_encryption::off)
    return false;
  auto info = api_.get("/info");
  if (!info)
    return std::move(info.error());
  if (!info->ok())
    return refusal(*info, "info");
  const auto why = why_not_encrypted(info->body, config_.probe);
  if (!why.empty() && config_.encryption == network_encryption::required)
    return engine_error(ec::conflict, "Networks must be encrypted, and this one cannot be. " + why,
                        "Use a kernel with ESP (modprobe esp4), or set network_encryption to "
                        "when_possible.");
  return why.empty();
}

caf::expected<tenant_networks::network> tenant_networks::find_network(const std::string& name) {
  auto got = api_.get("/networks/" + http::percent_encode(name));
  if (!got)
    return std::move(got.error());
  if (got->status == 404 || (got->ok() && text(got->body, "/Name") != name))
    return network{};
  if (!got->ok())
    return refusal(*got, "network " + name);
  if (member(members(got->body, "/Labels"), label::platform) != config_.platform_id)
    return caf::make_error(ec::conflict, "a network of this name is not ours: " + name);
  return network{text(got->body, "/Id"), members(got->body, "/Options").contains("encrypted")};
}

caf::expected<std::string> tenant_networks::create(const std::string& tenant,
                                                   std::vector<std::string> avoid) {
  auto all = api_.get("/networks");
  if (!all)
    return std::move(all.error());
  if (!all->ok())
    return refusal(*all, "networks");
  for (const auto& known : list(all->body, ""))
    for (const auto& range : list(known, "/IPAM/Config"))
      avoid.push_back(text(range, "/Subnet"));
  const auto subnet = choose_subnet(config_.tenant_pool, subnet_bits, avoid);
  if (!subnet)
    return caf::make_error(ec::over_quota, "no subnet is left in " + config_.tenant_pool);
  const auto encrypted = wants_encryption();
  if (!encrypted)
    return encrypted.error();
  json::object options;
  if (*encrypted)
    options["encrypted"] = "";
  const auto name = name_of(tenant);
  auto made
    = api_.post("/networks/create", json::object{
                                      {"Name", name},
                                      {"Driver", "overlay"},
                                      {"CheckDuplicate", true},
                                      {"Attachable", false},
                                      {"Options", std::move(options)},
                                      {"Labels", tenant_labels(config_.platform_id, tenant)},
                                      {"IPAM", {{"Config", json::array{{{"Subnet", *subnet}}}}}},
                                    });
  if (!made)
    return std::move(made.error());
  if (!made->ok() && made->status != 409) // 409: somebody made it meanwhile
    return refusal(*made, "network " + name);
  return *subnet;
}

caf::expected<bool> tenant_networks::wait_until_complete(const std::string& id) {
  const auto limit = std::chrono::steady_clock::now() + allocation_limit;
  do {
    auto got = api_.get("/networks/" + id);
    if (!got)
      return std::move(got.error());
    if (got->ok() && !text(got->body, "/Driver").empty())
      return true;
    std::this_thread::sleep_for(10ms);
  } while (std::chrono::steady_clock::now() < limit);
  return false;
}

} // namespace backendim::docker
