#pragma once

#include "adapters/blob_store.hpp"
#include "adapters/journal.hpp"

#include <caf/expected.hpp>

#include <filesystem>
#include <memory>
#include <string>

namespace backendim::backup {

struct backup_sources {
  /// One that nobody else uses: long looks must not keep the appends waiting.
  std::shared_ptr<journal> events;
  std::shared_ptr<blob_store> blobs;
  std::filesystem::path secrets; ///< Their folder.
};

/// Makes a backup, a piece at a time, while the platform runs. It holds the journal as it was at
/// one position, and then all blobs there are: at least those that the journal names. Blocks.
class backup_writer {
public:
  explicit backup_writer(backup_sources from);
  ~backup_writer();
  backup_writer(const backup_writer&) = delete;
  backup_writer& operator=(const backup_writer&) = delete;

  /// The next bytes of the file; none: it is complete. Fails with internal when the journal is
  /// damaged, unavailable when something cannot be read; then what was made is no backup.
  caf::expected<std::string> next();

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace backendim::backup
