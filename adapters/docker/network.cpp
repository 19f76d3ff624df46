#include "adapters/docker/network.hpp"

#include "adapters/docker/fields.hpp"
#include "adapters/docker/service.hpp"
#include "adapters/docker/subnet.hpp"
#include "adapters/http/client.hpp"

#include <chrono>
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
    if (there->empty()) {
      auto subnet = create(tenant, refused);
      if (!subnet)
        return std::move(subnet.error());
      refused.push_back(*subnet);
      there = find_network(name);
      if (!there)
        return std::move(there.error());
    }
    auto complete = wait_until_complete(*there);
    if (!complete)
      return std::move(complete.error());
    if (*complete)
      return caf::unit;
    auto removed = api_.remove("/networks/" + *there);
    if (!removed)
      return std::move(removed.error());
  }
  return caf::make_error(ec::unavailable, "Swarm accepts no subnet for network " + name);
}

caf::expected<caf::unit_t> tenant_networks::remove(const std::string& tenant) {
  std::lock_guard lock{mutex_};
  const auto name = name_of(tenant);
  auto id = find_network(name);
  if (!id)
    return std::move(id.error());
  if (id->empty())
    return caf::unit;
  auto removed = api_.remove("/networks/" + *id);
  if (!removed)
    return std::move(removed.error());
  const auto says
    = [&](std::string_view words) { return removed->message.find(words) != std::string::npos; };
  if (removed->ok() || removed->status == 404 || says("in use") || says("active endpoints"))
    return caf::unit;
  return refusal(*removed, "network " + name);
}

caf::expected<std::string> tenant_networks::find_network(const std::string& name) {
  auto got = api_.get("/networks/" + http::percent_encode(name));
  if (!got)
    return std::move(got.error());
  if (got->status == 404 || (got->ok() && text(got->body, "/Name") != name))
    return std::string{};
  if (!got->ok())
    return refusal(*got, "network " + name);
  if (member(members(got->body, "/Labels"), label::platform) != config_.platform_id)
    return caf::make_error(ec::conflict, "a network of this name is not ours: " + name);
  return text(got->body, "/Id");
}

caf::expected<std::string> tenant_networks::create(const std::string& tenant,
                                                   std::vector<std::string> avoid) {
  auto all = api_.get("/networks");
  if (!all)
    return std::move(all.error());
  if (!all->ok())
    return refusal(*all, "networks");
  for (const auto& network : list(all->body, ""))
    for (const auto& range : list(network, "/IPAM/Config"))
      avoid.push_back(text(range, "/Subnet"));
  const auto subnet = choose_subnet(config_.tenant_pool, subnet_bits, avoid);
  if (!subnet)
    return caf::make_error(ec::over_quota, "no subnet is left in " + config_.tenant_pool);
  const auto name = name_of(tenant);
  auto made
    = api_.post("/networks/create", json::object{
                                      {"Name", name},
                                      {"Driver", "overlay"},
                                      {"CheckDuplicate", true},
                                      {"Attachable", false},
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
