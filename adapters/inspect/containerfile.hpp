#pragma once

#include "protocol/app_config.hpp"

#include <string>

namespace backendim::inspection {

/// The Containerfile of *plan*; empty when the user brings one. Commands and file names stand in
/// it as JSON, so none of them can end its line or begin another instruction.
std::string render_containerfile(const build_plan& plan);

} // namespace backendim::inspection
