#include "actors/node.hpp"

#include "protocol/types.hpp"

#include <utility>

namespace backendim {

node_actor::behavior_type node_state::make_behavior(node_info info, gateway_actor gateway) {
  info_ = std::move(info);
  gateway_ = std::move(gateway);
  return {
    [this](const get_node&) -> caf::result<node_info> { return info_; },
    [this](node_info& x) {
      x.container_events = info_.container_events;
      info_ = std::move(x);
    },
    [this](const container_changed& x) {
      ++info_.container_events;
      self_->send(gateway_, x);
    },
  };
}

node_actor::behavior_type node(node_actor::stateful_pointer<node_state> self, node_info info,
                               gateway_actor gateway) {
  return self->state.make_behavior(std::move(info), std::move(gateway));
}

} // namespace backendim
