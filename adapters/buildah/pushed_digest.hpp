#pragma once

#include <caf/expected.hpp>

#include <string>

namespace backendim::buildah {

/// The digest of what the registry at *registry* (host:port) has as *repository*:*tag*; empty: it
/// has no such thing. Blocks for some seconds at the most. Fails with unavailable when the registry
/// does not say.
caf::expected<std::string> pushed_digest(const std::string& registry, const std::string& repository,
                                         const std::string& tag);

} // namespace backendim::buildah
