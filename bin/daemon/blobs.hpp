#pragma once

#include "adapters/blob_store.hpp"
#include "bin/daemon/config.hpp"

#include <filesystem>
#include <memory>

namespace backendim::daemon {

/// The blob store that *x* names; *folder* is the one without an S3 server. Fails with unavailable,
/// and with invalid_request when the file of the secret key cannot be used.
caf::expected<std::shared_ptr<blob_store>> open_blobs(const blob_settings& x,
                                                      const std::filesystem::path& folder);

} // namespace backendim::daemon
