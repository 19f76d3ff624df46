#pragma once

#include "bin/cli/verb.hpp"

#include <string>

namespace backendim::cli {

/// "backend-im deploy [DIR] [--app NAME] ...".
std::string usage_line(const verb& x);

/// What help prints without a verb.
std::string overview();

/// What help prints for one.
std::string verb_help(const verb& x);

/// docs/cli.md.
std::string manual_markdown();

} // namespace backendim::cli
