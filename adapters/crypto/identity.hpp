#pragma once

#include "adapters/identity.hpp"

#include <filesystem>
#include <memory>

namespace backendim::crypto {

/// libsodium and libjwt with the signing key in *key_file*, which is made (32 random bytes, mode
/// 0600) when it is not there. Fails with unavailable when it can be neither read nor made, and
/// with internal when it is too short or others may read it.
caf::expected<std::shared_ptr<identity>> open_identity(const std::filesystem::path& key_file);

} // namespace backendim::crypto
