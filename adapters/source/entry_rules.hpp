#pragma once

#include <filesystem>
#include <string>

namespace backendim::source {

/// What is wrong with *path* as the name of an archive's entry, in a few words; empty: nothing.
/// Absolute paths, "..", control characters and more than 2,000 bytes are.
std::string name_trouble(const std::string& path);

/// What is wrong with the symbolic link *path* to *target*; empty: nothing. A good one stays below
/// the folder that *path* is relative to, whatever the links that it passes are, as long as those
/// are good too: ".." stands only at the target's front.
std::string link_trouble(const std::filesystem::path& path, const std::string& target);

} // namespace backendim::source
