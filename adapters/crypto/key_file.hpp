#pragma once

#include <caf/error.hpp>

#include <filesystem>
#include <string_view>

namespace backendim::crypto {

/// Makes *file* hold *bytes*, for its owner only: the old file or the new one is there, whatever
/// happens. Fails with unavailable.
caf::error write_key_file(const std::filesystem::path& file, std::string_view bytes);

} // namespace backendim::crypto
