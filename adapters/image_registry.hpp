#pragma once

#include <caf/expected.hpp>
#include <caf/unit.hpp>

#include <cstdint>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

namespace backendim {

/// A manifest of a repository, and what it is made of.
struct stored_image {
  std::string repository;
  std::string digest;
  std::vector<std::string> tags;         ///< At least one.
  std::map<std::string, uint64_t> blobs; ///< Bytes of each layer and of its configuration.
};

/// The registry that images are pushed to. Not for two threads at once; calls block. Every call may
/// fail with unavailable.
class image_registry {
public:
  virtual ~image_registry() = default;

  /// The names of all repositories, of anybody.
  virtual caf::expected<std::vector<std::string>> repositories() = 0;

  /// What a repository has under a tag; nothing when there is no such repository.
  virtual caf::expected<std::vector<stored_image>> images(const std::string& repository) = 0;

  /// Takes an image all its tags and forgets it; its layers stay. Absent is no error. Fails with
  /// forbidden when the registry is set up to remove nothing.
  virtual caf::expected<caf::unit_t> remove(const std::string& repository,
                                            const std::string& digest)
    = 0;

  /// Removes the layers that no image of any repository has. Nobody may push meanwhile. Interrupted
  /// it can be begun again. Fails with conflict when nobody has said how that is done, timed_out
  /// when it was interrupted by *stop* or took too long.
  virtual caf::expected<caf::unit_t> remove_unused_layers(std::stop_token stop) = 0;
};

} // namespace backendim
