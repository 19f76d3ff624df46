#pragma once

#include "adapters/edge.hpp"
#include "protocol/incident.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <chrono>
#include <memory>

namespace backendim {

/// It is time to ask the edge whether requests come in.
struct edge_tick {};

/// Asks the edge now and then what keeps requests from coming in, and makes an incident of it.
class edge_watch_state {
public:
  using interface = caf::typed_actor<caf::reacts_to<edge_tick>>;
  static constexpr const char* name = "edge_watch";

  explicit edge_watch_state(interface::pointer self) : self_{self} {}

  interface::behavior_type make_behavior(std::chrono::seconds period, std::shared_ptr<edge> front,
                                         incidents_actor incidents);

private:
  void look();

  interface::pointer self_;
  std::chrono::seconds period_{};
  std::shared_ptr<edge> front_;
  incidents_actor incidents_;
};

edge_watch_state::interface::behavior_type
edge_watch(edge_watch_state::interface::stateful_pointer<edge_watch_state> self,
           std::chrono::seconds period, std::shared_ptr<edge> front, incidents_actor incidents);

} // namespace backendim

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(backendim::edge_tick) // never leaves its actor
