#pragma once

#include <optional>
#include <string>
#include <vector>

namespace backendim::docker {

/// The first IPv4 subnet of *prefix* bits inside *pool* ("10.200.0.0/13") that overlaps none of
/// *used*; what is not IPv4 among those is passed over. None when the pool is full or malformed.
std::optional<std::string> choose_subnet(const std::string& pool, unsigned prefix,
                                         const std::vector<std::string>& used);

} // namespace backendim::docker
