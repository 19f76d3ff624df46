#pragma once

#include "protocol/app_config.hpp"
#include "protocol/json.hpp"

namespace backendim {

/// What is wrong with the values of *config* that their types cannot say: patterns, ranges, what
/// contradicts what. The pointer begins at the config. Whether a runtime can be had is not known
/// here.
json_problem problem_in(const app_config& config);

} // namespace backendim
