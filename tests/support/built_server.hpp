#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace backendim::test {

/// The server that tests/support/*name* made from source, like "minio". With
/// BACKENDIM_BUILD_SERVERS it is made now (some minutes, once); else no value when it has not been
/// made, and a line says so.
std::optional<std::filesystem::path> built_server(const std::string& name);

} // namespace backendim::test
