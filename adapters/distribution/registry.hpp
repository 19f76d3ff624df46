#pragma once

#include "adapters/image_registry.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace backendim::distribution {

struct registry_config {
  std::string address; ///< host:port, plain HTTP.
  /// Command that removes layers without a manifest; docker-registry garbage-collect FILE. The
  /// registry must not cache descriptors: it would take pushes of layers that are gone.
  std::vector<std::string> remove_layers;
  std::chrono::seconds limit{300}; ///< Of that command. Pushes wait for it.
};

/// A registry that speaks the OCI distribution API, like docker-registry.
std::shared_ptr<image_registry> open_registry(registry_config config);

} // namespace backendim::distribution
