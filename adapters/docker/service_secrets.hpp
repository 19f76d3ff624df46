#pragma once

#include "adapters/docker/api.hpp"
#include "adapters/docker/service.hpp"

#include <caf/expected.hpp>
#include <caf/unit.hpp>

#include <string>

namespace backendim::docker {

/// The Swarm secrets of services. Each belongs to one service and goes with it.
class service_secrets {
public:
  service_secrets(api& engine, const engine_config& config) : api_{engine}, config_{config} {}

  /// Makes those of *spec* unless they are there, and says how its tasks get them.
  caf::expected<secret_use> place(const service_spec& spec);

  /// Removes those of a service that is gone. None is no error.
  caf::expected<caf::unit_t> remove(const std::string& service);

private:
  std::string name_of(const std::string& service, const std::string& path) const;
  caf::expected<std::string> ensure(const service_spec& spec, const secret_file& file);

  api& api_;
  const engine_config& config_;
};

} // namespace backendim::docker
