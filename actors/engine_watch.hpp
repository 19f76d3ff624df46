#pragma once

#include "adapters/container_engine.hpp"
#include "protocol/incident.hpp"

#include <caf/actor_clock.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <chrono>
#include <memory>
#include <optional>

namespace backendim {

struct engine_watch_config {
  std::chrono::seconds period{15};
  std::chrono::seconds patience{60}; ///< An engine that is away for less is being restarted.
};

/// It is time to ask the engine whether it is there.
struct engine_tick {};

/// Asks the engine now and then whether it is there, on a thread of its own: it blocks. One that
/// has been away for long is an incident.
class engine_watch_state {
public:
  using interface = caf::typed_actor<caf::reacts_to<engine_tick>>;
  static constexpr const char* name = "engine_watch";

  explicit engine_watch_state(interface::pointer self) : self_{self} {}

  interface::behavior_type make_behavior(engine_watch_config config,
                                         std::shared_ptr<container_engine> engine,
                                         incidents_actor incidents);

private:
  void look();

  interface::pointer self_;
  engine_watch_config config_;
  std::shared_ptr<container_engine> engine_;
  incidents_actor incidents_;
  std::optional<caf::actor_clock::time_point> away_since_;
};

engine_watch_state::interface::behavior_type
engine_watch(engine_watch_state::interface::stateful_pointer<engine_watch_state> self,
             engine_watch_config config, std::shared_ptr<container_engine> engine,
             incidents_actor incidents);

} // namespace backendim

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(backendim::engine_tick) // never leaves its actor
