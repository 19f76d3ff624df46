#pragma once

#include "adapters/docker/api.hpp"

#include <caf/expected.hpp>

#include <string>
#include <vector>

namespace backendim::docker {

/// How an image says that it is started.
struct image_config {
  std::vector<std::string> entrypoint;
  std::vector<std::string> command;
  std::string user; ///< As in USER; empty: root.
};

/// Asks the engine, and when it does not have the image the registry that the reference names.
/// Fails with unavailable when neither answers, not_found when there is no such image.
caf::expected<image_config> find_image_config(api& engine, const std::string& image);

} // namespace backendim::docker
