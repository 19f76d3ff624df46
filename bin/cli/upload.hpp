#pragma once

#include "bin/cli/platform.hpp"
#include "bin/cli/progress.hpp"
#include "bin/cli/session.hpp"

#include <caf/expected.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace backendim::cli {

/// Packs *folder* and sends it; tells of what is held back. Returns the blob's digest. The archive
/// is on the disk only, and gone when this returns or the program is interrupted.
caf::expected<std::string> send_folder(session& s, platform& door, progress& shown,
                                       const std::filesystem::path& folder,
                                       const std::vector<std::string>& include);

} // namespace backendim::cli
