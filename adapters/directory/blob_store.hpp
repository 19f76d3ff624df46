#pragma once

#include "adapters/blob_store.hpp"

#include <filesystem>
#include <memory>

namespace backendim::directory {

/// A blob store in *folder*, which is made. What a crash left half received is removed. A finished
/// blob is on the disk (fsync) with its name. Fails with unavailable.
caf::expected<std::shared_ptr<blob_store>> open_blob_store(const std::filesystem::path& folder);

} // namespace backendim::directory
