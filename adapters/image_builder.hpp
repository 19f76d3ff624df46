#pragma once

#include "adapters/lines.hpp"

#include <caf/expected.hpp>
#include <caf/unit.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

namespace backendim {

/// One build. The id names everything it makes, so that it can be found and removed again.
struct build_job {
  std::string id;                      ///< The deployment's id.
  std::string tenant;                  ///< Storage and caches are kept per tenant.
  std::filesystem::path context;       ///< The unpacked source.
  std::filesystem::path containerfile; ///< Absolute; may lie outside of the context.
  std::string base_image;              ///< For a generated Containerfile, like node:20; else empty.
  std::map<std::string, std::string> secrets; ///< RUN steps may mount them; in no layer.
};

/// What builds of a tenant left for the next ones.
struct build_caches {
  uint64_t bytes = 0;  ///< Of all layers, before anything was removed.
  uint64_t images = 0; ///< That were removed, or would be.
  uint64_t freed = 0;  ///< Bytes; of a dry run it is not known.
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
  /// namespaces, temporary files; nothing of any other build. Without a tenant only what lies
  /// outside of tenants' storage. Nothing to remove is no error.
  virtual caf::expected<caf::unit_t> clean(const build_job& job) = 0;

  /// The tenants that something is kept for.
  virtual caf::expected<std::vector<std::string>> tenants() = 0;

  /// What a tenant's builds keep on this machine's disk, in bytes: layers, images, caches; 0: there
  /// is nothing. Looks at every file, some seconds for some hundred thousand. Fails with
  /// unavailable, and with timed_out when stopped.
  virtual caf::expected<uint64_t> kept_bytes(const std::string& tenant, std::stop_token stop) = 0;

  /// Removes what a tenant's builds made more than *age* ago and no later build was based on; base
  /// images, and images that are still to be pushed, stay. *dry_run*: only looks. Fails with
  /// conflict while a build of the tenant is under way, unavailable.
  virtual caf::expected<build_caches> prune(const std::string& tenant, std::chrono::seconds age,
                                            bool dry_run, std::stop_token stop)
    = 0;
};

} // namespace backendim
