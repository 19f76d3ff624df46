#pragma once

#include <caf/error.hpp>

#include <filesystem>
#include <string_view>

namespace backendim::daemon {

// Changes of files that are on the disk when the call returns. All fail with unavailable.

/// What is not there is no error.
caf::error remove_file(const std::filesystem::path& x);

/// Within one file system. What is not there is no error; what is at *to* is replaced.
caf::error move_file(const std::filesystem::path& from, const std::filesystem::path& to);

/// With mode 0600; what is there is replaced.
caf::error write_file(const std::filesystem::path& x, std::string_view content);

} // namespace backendim::daemon
