#pragma once

#include <caf/expected.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace backendim::source {

/// The files and links below *folder* that are the source, sorted, relative: without what
/// .gitignore and .dockerignore name, and without what is never source (.git, node_modules, ...).
/// Reads .gitignore the way git does, with git itself, and .dockerignore by Docker's rules; fails
/// with unavailable when there is a .gitignore and no git, invalid_request when *folder* is none.
caf::expected<std::vector<std::string>> source_files(const std::filesystem::path& folder);

/// Whether a file of this name usually holds a password or a key: .env, id_rsa, ...
bool holds_credentials(const std::string& path);

} // namespace backendim::source
