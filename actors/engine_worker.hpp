#pragma once

#include "adapters/container_engine.hpp"
#include "protocol/node.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <memory>

namespace backendim {

/// Owns the container engine of this node, which blocks: bin spawns it detached.
engine_actor::behavior_type engine_worker(engine_actor::pointer self,
                                          std::shared_ptr<container_engine> engine);

} // namespace backendim
