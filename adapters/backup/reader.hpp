#pragma once

#include "adapters/backup/manifest.hpp"
#include "protocol/journal.hpp"

#include <caf/error.hpp>
#include <caf/expected.hpp>

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace backendim::backup {

/// Hears what a backup holds, in this order. An error ends the reading.
struct backup_sink {
  std::function<caf::error(std::vector<recorded_event>)> on_events;
  std::function<caf::error(const std::string& name, const std::string& content)> on_secret;
  /// A blob's bytes, piece by piece; the last one is empty.
  std::function<caf::error(const std::string& digest, std::string_view piece)> on_blob;
};

/// Reads a backup to its end and holds all of it against its manifest and digest. What *to* hears
/// is certain only once this has returned. Fails with invalid_request when the file is no backup,
/// is cut off or changed, with conflict when a newer program made it, with unavailable when it
/// cannot be read, or with what *to* returns. Blocks.
caf::expected<backup_manifest> read_backup(const std::filesystem::path& file,
                                           const backup_sink& to);

} // namespace backendim::backup
