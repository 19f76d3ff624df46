#pragma once

#include "protocol/machine.hpp"

#include <caf/expected.hpp>

namespace backendim {

/// The machine that the daemon runs on. Thread-safe.
class machine {
public:
  virtual ~machine() = default;

  /// What it has left. Each disk that holds something of ours comes once; a folder that does not
  /// exist counts for the one above. Blocks for as long as a disk does not answer. Fails with
  /// unavailable.
  virtual caf::expected<machine_load> load() = 0;
};

} // namespace backendim
