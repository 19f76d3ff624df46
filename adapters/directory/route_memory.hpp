#pragma once

#include "adapters/route_memory.hpp"

#include <filesystem>
#include <memory>

namespace backendim::directory {

/// A file, written at most once a second by a thread of its own, and at the end.
std::shared_ptr<route_memory> open_route_memory(const std::filesystem::path& file);

} // namespace backendim::directory
