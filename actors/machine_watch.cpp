#include "actors/machine_watch.hpp"

#include "protocol/types.hpp"

#include <utility>

namespace backendim {

using namespace std::chrono_literals;

namespace {
constexpr auto look_every = 5s;
} // namespace

machine_watch_state::interface::behavior_type
machine_watch_state::make_behavior(std::shared_ptr<machine> what, build_queue_actor queue,
                                   disk_actor disk, incidents_actor incidents) {
  machine_ = std::move(what);
  queue_ = std::move(queue);
  disk_ = std::move(disk);
  incidents_ = std::move(incidents);
  look();
  return {[this](machine_tick) { look(); }};
}

void machine_watch_state::look() {
  auto load = machine_->load();
  if (load) {
    self_->send(queue_, *load);
    self_->send(disk_, std::move(*load));
    self_->send(incidents_, resolve_incident{incident_kind::machine_unseen, "machine_watch"});
  } else {
    self_->send(incidents_, report_incident{
                              incident_kind::machine_unseen, "machine_watch", render(load.error()),
                              "Builds begin as if there were room. Is every disk mounted?"});
  }
  self_->delayed_send(self_, look_every, machine_tick{});
}

machine_watch_state::interface::behavior_type
machine_watch(machine_watch_state::interface::stateful_pointer<machine_watch_state> self,
              std::shared_ptr<machine> what, build_queue_actor queue, disk_actor disk,
              incidents_actor incidents) {
  return self->state.make_behavior(std::move(what), std::move(queue), std::move(disk),
                                   std::move(incidents));
}

} // namespace backendim
