#pragma once

#include "bin/cli/session.hpp"

#include <caf/expected.hpp>

#include <string>
#include <vector>

namespace backendim::cli {

/// What the daemon's program of this machine wrote, and whether it ended well.
struct daemon_run {
  bool good = false;
  std::vector<std::string> lines;
};

/// Runs backendimd with *words*, beside this program or else from the PATH, to its end. Blocks.
/// Fails with a problem "no_daemon" when there is none here.
caf::expected<daemon_run> run_daemon(session& s, const std::vector<std::string>& words);

} // namespace backendim::cli
