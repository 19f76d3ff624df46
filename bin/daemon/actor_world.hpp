#pragma once

#include "actors/disk.hpp"
#include "actors/ingress.hpp"
#include "bin/daemon/config.hpp"
#include "bin/daemon/equipment.hpp"
#include "protocol/types.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace backendim::daemon {

/// All actors of the daemon. Each that lives long has a parent that brings it back: a supervisor,
/// or the ingress if its truth is a stream.
class actor_world {
public:
  /// *settings* and *gear* outlive it.
  actor_world(const config& settings, equipment& gear);
  /// Ends every actor: first those who decide, then those they work with. Blocks.
  ~actor_world();
  actor_world(const actor_world&) = delete;
  actor_world& operator=(const actor_world&) = delete;

  caf::actor_system& system() { return *system_; }
  const ingress_actor& ingress() const { return ingress_; }
  const journal_actor& journal() const { return journal_; }
  uint32_t open_incidents() const { return open_incidents_->load(); }
  const disk_figures& disks() const { return *disk_figures_; }

private:
  struct system_config : caf::actor_system_config {
    system_config();
  };
  struct collaborators;

  void begin();
  void stop();
  template <class Handle, class Start>
  Handle keep(std::string path, Start start, std::function<void()> restarted = {});
  void hear_engine(const std::stop_token& stop);
  ingress_context paths();

  const config& settings_;
  equipment& gear_;
  system_config system_settings_;
  std::optional<caf::actor_system> system_{system_settings_};
  journal_actor journal_;
  engine_actor engine_;
  incidents_actor incidents_;
  std::shared_ptr<std::atomic<uint32_t>> open_incidents_
    = std::make_shared<std::atomic<uint32_t>>(0);
  ingress_actor ingress_;
  std::shared_ptr<std::atomic<bool>> stopping_ = std::make_shared<std::atomic<bool>>(false);
  node_actor node_;
  reconciler_actor comparer_;
  disk_actor disk_;
  std::shared_ptr<disk_figures> disk_figures_ = std::make_shared<disk_figures>();
  std::stop_source collecting_;      ///< Ends what removes garbage.
  std::vector<caf::actor> watchers_; ///< Of the machine and the engine.
  std::shared_ptr<collaborators> others_;
  std::jthread watcher_; ///< Hears the engine's events, which blocks.
};

} // namespace backendim::daemon
