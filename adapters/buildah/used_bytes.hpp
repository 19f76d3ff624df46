#pragma once

#include <caf/expected.hpp>

#include <cstdint>
#include <filesystem>
#include <stop_token>

namespace backendim::buildah {

/// What *folder* takes on its disk in bytes, each file once however many names it has; 0 when it is
/// not there. What comes and goes meanwhile counts or does not; other file systems below it do not.
/// Blocks. Fails with unavailable, timed_out when stopped.
caf::expected<uint64_t> used_bytes(const std::filesystem::path& folder,
                                   const std::stop_token& stop);

} // namespace backendim::buildah
