#pragma once

#include "protocol/domain.hpp"

#include <chrono>
#include <stop_token>

namespace backendim {

/// Looks domains up as the world sees them. Thread-safe.
class domain_inspector {
public:
  virtual ~domain_inspector() = default;

  /// Blocks, for *limit* at the most, and until soon after *stop*. What cannot be looked up is a
  /// finding, too.
  virtual domain_finding look(const examine_domain& x, std::chrono::milliseconds limit,
                              std::stop_token stop)
    = 0;
};

} // namespace backendim
