#pragma once

#include "protocol/app_config.hpp"

#include <string>

namespace backendim::cli {

/// A plan for people, printable: what will be done, and why.
std::string plan_text(const build_plan& x);

} // namespace backendim::cli
