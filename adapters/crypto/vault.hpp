#pragma once

#include "adapters/vault.hpp"

#include <filesystem>
#include <memory>

namespace backendim::crypto {

/// libsodium's XChaCha20-Poly1305 with the master keys in *key_file*, which is made with mode 0600
/// when it is not there: a line for each key, the newest last. Fails with unavailable when it can
/// be neither read nor made, and with internal when it is damaged or others may read it.
caf::expected<std::shared_ptr<vault>> open_vault(const std::filesystem::path& key_file);

} // namespace backendim::crypto
