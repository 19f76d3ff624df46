#pragma once

#include "adapters/backup/manifest.hpp"
#include "bin/daemon/config.hpp"
#include "bin/daemon/journal_store.hpp"

#include <caf/expected.hpp>
#include <caf/unit.hpp>

#include <filesystem>
#include <string>

namespace backendim::daemon {

struct restored {
  backup::backup_manifest what;
  std::string
    kept; ///< The end of the names that what was there before has now; empty: nothing was.
};

/// Brings a backup back: checks all of the file, prepares everything aside, and only then, in one
/// step that the next start finishes when it is interrupted, puts it in place of what is there.
/// Nobody may be using the state folder. Fails with conflict when another program does, or there is
/// a journal and *replace* is not said; with what read_backup, the journal and the blobs fail with.
caf::expected<restored> restore(const config& settings, const std::filesystem::path& file,
                                bool replace);

/// Finishes a restore that was interrupted behind its point of no return; removes what one left
/// that was interrupted in front of it. Call it before anything of the state is opened.
caf::expected<caf::unit_t> finish_restore(const config& settings,
                                          const std::filesystem::path& state);

} // namespace backendim::daemon
