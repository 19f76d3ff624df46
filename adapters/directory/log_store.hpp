#pragma once

#include "adapters/log_store.hpp"

#include <filesystem>
#include <memory>

namespace backendim::directory {

/// A log store in *folder*, which is made: one file for each log. Lines are not synced: a power
/// cut may lose the last seconds. What when_longer() calls must not call the store. Fails with
/// unavailable.
caf::expected<std::shared_ptr<log_store>> open_log_store(const std::filesystem::path& folder);

} // namespace backendim::directory
