#pragma once

#include "adapters/container_engine.hpp"

#include <boost/json.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace backendim::docker {

/// An API version such as 1.41.
struct api_version {
  int major = 0;
  int minor = 0;
  friend auto operator<=>(const api_version&, const api_version&) = default;
};

/// How the tasks of a service get its secrets, and by that how they are started.
struct secret_use {
  struct file {
    std::string id; ///< Of the Swarm secret.
    std::string name;
    std::string path;
  };
  std::vector<file> files;
  std::string uid = "0";
  std::string gid = "0";
  uint32_t mode = 0400;
  std::vector<std::string> command; ///< Empty: that of the spec.
  std::string starter;              ///< This machine's file to be seen at starter_path; "": none.
};

inline constexpr auto starter_path = "/run/backend-im/start";

/// The body of POST /services/create for *spec*, attached to *network*: hardened, no published
/// port, no health check (the platform probes from outside: a probe by the engine costs 50 ms of
/// CPU), restarted for ever with a pause. *max_files*: as files_of_engine() says.
boost::json::object encode_service(const service_spec& spec, const std::string& platform_id,
                                   const std::string& network, api_version version,
                                   const secret_use& secrets, uint64_t max_files);

/// A service as GET /services lists it.
service_info decode_service(const boost::json::value& x);

/// The labels of everything that belongs to *tenant*.
boost::json::object tenant_labels(const std::string& platform_id, const std::string& tenant);

} // namespace backendim::docker
