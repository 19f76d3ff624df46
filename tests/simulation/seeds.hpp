#pragma once

#include <cstdint>
#include <vector>

namespace backendim::simulation {

/// With which each scenario runs: 1 to 20, as many as `--seeds N` says, or the one of `--seed S`.
const std::vector<uint32_t>& seeds();

} // namespace backendim::simulation
