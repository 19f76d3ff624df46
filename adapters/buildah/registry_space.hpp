#pragma once

#include <string>

namespace backendim::buildah {

/// Whether the registry at *registry* (host:port) takes no more bytes because its disk is full.
/// buildah shows only the status 500 of such a refusal, so this offers some bytes for *repository*
/// and reads what the registry says of it; nothing of the offer is kept. Blocks for some seconds at
/// the most. False when the registry does not say.
bool registry_is_full(const std::string& registry, const std::string& repository);

} // namespace backendim::buildah
