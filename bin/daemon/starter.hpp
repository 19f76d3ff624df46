#pragma once

#include <caf/error.hpp>

#include <filesystem>

namespace backendim::daemon {

/// Writes the program that starts apps with secret variables (bin/start), which is a part of
/// backendimd, to *file*, unless it is there. What runs from an older one goes on. Fails with
/// unavailable.
caf::error install_starter(const std::filesystem::path& file);

} // namespace backendim::daemon
