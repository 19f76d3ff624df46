#pragma once

#include "adapters/docker/api.hpp"
#include "adapters/docker/engine.hpp"

#include <boost/json/value.hpp>
#include <caf/expected.hpp>
#include <caf/unit.hpp>

#include <mutex>
#include <string>
#include <vector>

namespace backendim::docker {

/// One overlay network for each tenant, a /20 (4,000 tasks) of the pool each. Thread-safe.
class tenant_networks {
public:
  tenant_networks(api& engine, const engine_config& config) : api_{engine}, config_{config} {}

  /// bim-<first 8 characters of the platform's id>-<tenant>
  std::string name_of(const std::string& tenant) const;

  /// As container_engine::ensure_network. Fails with conflict when a network of this name is not
  /// ours, over_quota when the pool is full.
  caf::expected<caf::unit_t> ensure(const std::string& tenant);

  /// As engine_info::encryption; *info* is the engine's /info.
  std::string encryption(const boost::json::value& info) const;

  /// As container_engine::remove_idle_networks.
  caf::expected<size_t> remove_idle();

private:
  struct network {
    std::string id; ///< Empty: there is none.
    bool encrypted = false;
  };

  /// Fails with conflict when it is not ours.
  caf::expected<network> find_network(const std::string& name);

  /// Whether the tenant's network is to be encrypted. Fails with conflict when it must and cannot.
  caf::expected<bool> wants_encryption();

  /// Asks for it with a subnet that no network we know of has, nor *avoid*. Returns the subnet.
  caf::expected<std::string> create(const std::string& tenant, std::vector<std::string> avoid);

  /// Whether Swarm completes it: it takes any subnet at first, but a network whose subnet belongs
  /// to another one never gets its driver, and tasks in it would wait for ever.
  caf::expected<bool> wait_until_complete(const std::string& id);

  api& api_;
  const engine_config& config_;
  std::mutex mutex_; // one at a time, so that two tenants do not choose the same subnet
};

} // namespace backendim::docker
