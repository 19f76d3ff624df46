#pragma once

#include "protocol/gateway.hpp"

#include <caf/typed_event_based_actor.hpp>

namespace backendim {

/// One machine: what its engine is, and the way of its container events to the gateway. Whoever
/// watches the engine tells it both.
class node_state {
public:
  static constexpr const char* name = "node";

  explicit node_state(node_actor::pointer self) : self_{self} {}

  node_actor::behavior_type make_behavior(node_info info, gateway_actor gateway);

private:
  node_actor::pointer self_;
  node_info info_;
  gateway_actor gateway_;
};

/// The actor at node/<info.name>.
node_actor::behavior_type node(node_actor::stateful_pointer<node_state> self, node_info info,
                               gateway_actor gateway);

} // namespace backendim
