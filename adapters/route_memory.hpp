#pragma once

#include "protocol/gateway.hpp"

namespace backendim {

/// Remembers the last route table for the next start, so that requests go where they went before
/// until the apps have told their routes again. A hint: losing it costs some seconds of pages.
/// Thread-safe; calls do not block.
class route_memory {
public:
  virtual ~route_memory() = default;

  /// The table that was kept last; an empty one when there is none or it cannot be read.
  virtual gateway_info last() = 0;

  /// Keeps *table* soon.
  virtual void keep(gateway_info table) = 0;
};

} // namespace backendim
