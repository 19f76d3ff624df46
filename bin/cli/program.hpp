#pragma once

#include "bin/cli/session.hpp"

#include <string>
#include <vector>

namespace backendim::cli {

/// The whole program: understands *words*, runs the verb, shows what went wrong. Returns what to
/// exit with.
int run_program(const std::vector<std::string>& words, surroundings& around);

} // namespace backendim::cli
