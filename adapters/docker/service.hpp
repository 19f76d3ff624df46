#pragma once

#include "adapters/container_engine.hpp"

#include <boost/json.hpp>

#include <string>

namespace backendim::docker {

/// An API version such as 1.41.
struct api_version {
  int major = 0;
  int minor = 0;
  friend auto operator<=>(const api_version&, const api_version&) = default;
};

/// The body of POST /services/create for *spec*, attached to *network*: hardened, no published
/// port, no health check (the platform probes from outside: a probe by the engine costs 50 ms of
/// CPU), restarted for ever with a pause.
boost::json::object encode_service(const service_spec& spec, const std::string& platform_id,
                                   const std::string& network, api_version version);

/// A service as GET /services lists it.
service_info decode_service(const boost::json::value& x);

/// The labels of everything that belongs to *tenant*.
boost::json::object tenant_labels(const std::string& platform_id, const std::string& tenant);

} // namespace backendim::docker
