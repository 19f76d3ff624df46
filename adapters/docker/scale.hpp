#pragma once

#include "adapters/docker/api.hpp"

#include <boost/json.hpp>
#include <caf/expected.hpp>
#include <caf/unit.hpp>

#include <cstdint>
#include <string>

namespace backendim::docker {

/// The service as GET /services/{name} says, if it is the platform's. Fails with not_found.
caf::expected<boost::json::value> find_service(api& engine, const std::string& platform_id,
                                               const std::string& name);

/// Returns once Swarm wants no more tasks of the service than *replicas*. Blocks, mostly for some
/// milliseconds, 10 s at the most. Fails with not_found, and with unavailable when Swarm does not
/// end what is too much.
caf::expected<caf::unit_t> scale_service(api& engine, const std::string& platform_id,
                                         const std::string& name, uint32_t replicas);

} // namespace backendim::docker
