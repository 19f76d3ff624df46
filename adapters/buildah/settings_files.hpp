#pragma once

#include "adapters/buildah/builder.hpp"

#include <caf/error.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace backendim::buildah {

/// One file of ours at a place in the container while a RUN step runs.
struct mounted_file {
  std::string name;   ///< In the settings folder.
  std::string target; ///< In the container.
};

/// Writes what builds are told of the network around them: buildah's registries.conf and policy,
/// and settings of npm, pip, Go, cargo and Maven, which are mounted into RUN steps and kept in no
/// image. Returns those to mount. Fails with unavailable.
caf::expected<std::vector<mounted_file>> write_settings(const std::filesystem::path& folder,
                                                        const builder_options& options);

} // namespace backendim::buildah
