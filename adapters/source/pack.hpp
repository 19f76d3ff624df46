#pragma once

#include <caf/expected.hpp>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace backendim::source {

struct pack_options {
  std::vector<std::string> include;   ///< Credential files to send all the same, relative.
  uint64_t max_files = 50'000;        ///< What the platform takes by default.
  uint64_t max_bytes = 2'000'000'000; ///< Before compression.
};

struct packed_source {
  uint64_t files = 0;
  uint64_t bytes = 0;                 ///< Before compression.
  uint64_t packed = 0;                ///< The archive's own size.
  std::vector<std::string> held_back; ///< Files that hold credentials and were not named.
};

/// Packs the source in *folder* into *archive*, a tar compressed with zstd; the same source gives
/// the same bytes. Fails with invalid_request (a link that leaves the folder, a name in include
/// that is not there, nothing to send), too_large, unavailable. Blocks.
caf::expected<packed_source> pack(const std::filesystem::path& folder,
                                  const std::filesystem::path& archive,
                                  const pack_options& options);

} // namespace backendim::source
