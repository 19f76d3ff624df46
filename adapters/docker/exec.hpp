#pragma once

#include "adapters/docker/api.hpp"
#include "adapters/docker/engine.hpp"
#include "adapters/exec_session.hpp"

#include <boost/json/value.hpp>
#include <caf/expected.hpp>

#include <memory>

namespace backendim::docker {

/// The command *what*, not begun yet, in *container*, which is what the engine says of it. Fails
/// with conflict when that does not run. See exec_session.
caf::expected<std::shared_ptr<exec_session>> prepare_exec(api& door, const engine_config& engine,
                                                          const boost::json::value& container,
                                                          const exec_request& what);

} // namespace backendim::docker
