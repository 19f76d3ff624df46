#pragma once

#include "adapters/machine.hpp"

#include <filesystem>
#include <memory>
#include <vector>

namespace backendim::procfs {

/// Reads /proc/meminfo and the file systems of *folders*.
std::shared_ptr<machine> open_machine(std::vector<std::filesystem::path> folders);

} // namespace backendim::procfs
