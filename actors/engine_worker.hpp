#pragma once

#include "adapters/container_engine.hpp"
#include "adapters/vault.hpp"
#include "protocol/node.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <memory>

namespace backendim {

/// Networks whose tenant has no service any more are due to go.
struct idle_networks_tick {
  int more = 0; ///< Such ticks, if some have to stay for now.
};

/// Owns the container engine of this node, which blocks: bin spawns it detached. What *keys* open
/// for it goes to the engine and nowhere else. It is the only one that makes and removes services,
/// so that a network never goes while one is made in it.
class engine_worker_state {
public:
  using interface = engine_actor::extend<caf::reacts_to<idle_networks_tick>>;
  static constexpr const char* name = "engine_worker";

  explicit engine_worker_state(interface::pointer self) : self_{self} {}

  interface::behavior_type make_behavior(std::shared_ptr<container_engine> engine,
                                         std::shared_ptr<vault> keys);

private:
  void expect_idle_networks();
  void remove_idle_networks(const idle_networks_tick& x);

  interface::pointer self_;
  std::shared_ptr<container_engine> engine_;
  bool due_ = false; ///< A tick is on its way.
};

engine_worker_state::interface::behavior_type
engine_worker(engine_worker_state::interface::stateful_pointer<engine_worker_state> self,
              std::shared_ptr<container_engine> engine, std::shared_ptr<vault> keys);

} // namespace backendim

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(backendim::idle_networks_tick) // never leaves its actor
