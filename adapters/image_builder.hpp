#pragma once

#include "adapters/lines.hpp"

#include <caf/expected.hpp>
#include <caf/unit.hpp>

#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <string>

namespace backendim {

/// One build. The id names everything it makes, so that it can be found and removed again.
struct build_job {
  std::string id;                      ///< The deployment's id.
  std::string tenant;                  ///< Storage and caches are kept per tenant.
  std::filesystem::path context;       ///< The unpacked source.
  std::filesystem::path containerfile; ///< Absolute; may lie outside of the context.
  std::string base_image;              ///< For a generated Containerfile, like node:20; else empty.
};

/// Builds images and puts them into the registry. Calls block for as long as the work takes and
/// return soon (< 1 s) after *stop* asks them to, with every process of theirs gone.
class image_builder {
public:
  virtual ~image_builder() = default;

  /// Returns the image id. Output arrives line by line while it runs. Fails with build_failed and a
  /// failure {build_failed | build_out_of_memory | base_image_missing | runtime_unavailable}, with
  /// the last lines as evidence; unavailable and a failure {registry_unavailable} when the base
  /// cannot be reached; timed_out when stopped.
  virtual caf::expected<std::string> build(const build_job& job, const line_sink& on_line,
                                           std::stop_token stop)
    = 0;

  /// Pushes what build() made as <registry>/<repository> and returns "<registry>/<repository>@
  /// sha256:...". Idempotent. Fails with unavailable and a failure {registry_full |
  /// registry_unavailable}, not_found when there is no such image (any more).
  virtual caf::expected<std::string> push(const build_job& job, const std::string& repository,
                                          const line_sink& on_line, std::stop_token stop)
    = 0;

  /// Removes what the build left besides its image and caches: working containers, mounts,
  /// namespaces, temporary files. Nothing to remove is no error.
  virtual caf::expected<caf::unit_t> clean(const build_job& job) = 0;
};

} // namespace backendim
