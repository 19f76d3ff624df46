#pragma once

#include "adapters/machine.hpp"
#include "protocol/build.hpp"
#include "protocol/disk.hpp"
#include "protocol/incident.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <chrono>
#include <memory>

namespace backendim {

/// It is time to look again.
struct machine_tick {};

/// Looks at the machine now and then and tells the build queue and the disk actor, on a thread of
/// its own: a look blocks.
class machine_watch_state {
public:
  using interface = caf::typed_actor<caf::reacts_to<machine_tick>>;
  static constexpr const char* name = "machine_watch";

  explicit machine_watch_state(interface::pointer self) : self_{self} {}

  interface::behavior_type make_behavior(std::shared_ptr<machine> what, build_queue_actor queue,
                                         disk_actor disk, incidents_actor incidents);

private:
  void look();

  interface::pointer self_;
  std::shared_ptr<machine> machine_;
  build_queue_actor queue_;
  disk_actor disk_;
  incidents_actor incidents_;
};

machine_watch_state::interface::behavior_type
machine_watch(machine_watch_state::interface::stateful_pointer<machine_watch_state> self,
              std::shared_ptr<machine> what, build_queue_actor queue, disk_actor disk,
              incidents_actor incidents);

} // namespace backendim

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(backendim::machine_tick) // never leaves its actor
