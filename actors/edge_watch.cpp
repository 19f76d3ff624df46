#include "actors/edge_watch.hpp"

#include "protocol/error.hpp"
#include "protocol/types.hpp"

#include <utility>

namespace backendim {

edge_watch_state::interface::behavior_type
edge_watch_state::make_behavior(std::chrono::seconds period, std::shared_ptr<edge> front,
                                incidents_actor incidents) {
  period_ = period;
  front_ = std::move(front);
  incidents_ = std::move(incidents);
  self_->delayed_send(self_, period_, edge_tick{});
  return {[this](edge_tick) { look(); }};
}

void edge_watch_state::look() {
  if (const auto trouble = front_->trouble()) {
    const auto why = failure_of(trouble);
    self_->send(incidents_,
                report_incident{incident_kind::edge_unreachable, "edge", why.message, why.next});
  } else {
    self_->send(incidents_, resolve_incident{incident_kind::edge_unreachable, "edge"});
  }
  self_->delayed_send(self_, period_, edge_tick{});
}

edge_watch_state::interface::behavior_type
edge_watch(edge_watch_state::interface::stateful_pointer<edge_watch_state> self,
           std::chrono::seconds period, std::shared_ptr<edge> front, incidents_actor incidents) {
  return self->state.make_behavior(period, std::move(front), std::move(incidents));
}

} // namespace backendim
