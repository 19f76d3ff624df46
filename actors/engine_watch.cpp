#include "actors/engine_watch.hpp"

#include "protocol/error.hpp"
#include "protocol/types.hpp"

#include <utility>

namespace backendim {

engine_watch_state::interface::behavior_type engine_watch_state::make_behavior(
  engine_watch_config config, std::shared_ptr<container_engine> engine, incidents_actor incidents) {
  config_ = config;
  engine_ = std::move(engine);
  incidents_ = std::move(incidents);
  self_->delayed_send(self_, config_.period, engine_tick{});
  return {[this](engine_tick) { look(); }};
}

void engine_watch_state::look() {
  const auto about = engine_->info();
  const auto now = self_->clock().now();
  if (about) {
    away_since_.reset();
    self_->send(incidents_, resolve_incident{incident_kind::engine_unreachable, "engine"});
  } else {
    if (!away_since_)
      away_since_ = now;
    if (now - *away_since_ >= config_.patience)
      self_->send(incidents_, report_incident{
                                incident_kind::engine_unreachable, "engine", render(about.error()),
                                "Start Docker again: systemctl status docker. Apps that run "
                                "go on running; nothing can be deployed."});
  }
  self_->delayed_send(self_, config_.period, engine_tick{});
}

engine_watch_state::interface::behavior_type
engine_watch(engine_watch_state::interface::stateful_pointer<engine_watch_state> self,
             engine_watch_config config, std::shared_ptr<container_engine> engine,
             incidents_actor incidents) {
  return self->state.make_behavior(config, std::move(engine), std::move(incidents));
}

} // namespace backendim
