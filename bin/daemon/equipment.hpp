#pragma once

#include "adapters/blob_store.hpp"
#include "adapters/container_engine.hpp"
#include "adapters/domain_inspector.hpp"
#include "adapters/identity.hpp"
#include "adapters/image_builder.hpp"
#include "adapters/image_registry.hpp"
#include "adapters/journal.hpp"
#include "adapters/log_store.hpp"
#include "adapters/prober.hpp"
#include "adapters/proxy/edge.hpp"
#include "adapters/push_gate.hpp"
#include "adapters/route_memory.hpp"
#include "adapters/source.hpp"
#include "adapters/traefik/front_door.hpp"
#include "adapters/vault.hpp"
#include "bin/daemon/config.hpp"
#include "bin/daemon/listening_sockets.hpp"
#include "bin/daemon/state_folder.hpp"

#include <caf/expected.hpp>

#include <memory>
#include <string>

namespace backendim::daemon {

/// Everything outside of the actors.
struct equipment {
  state_folder state;
  std::string platform_id;
  std::string admin_token;
  std::shared_ptr<journal> events;
  std::shared_ptr<identity> proof;
  std::shared_ptr<blob_store> blobs;
  std::shared_ptr<log_store> logs;
  std::shared_ptr<container_engine> engine;
  engine_info node;
  std::shared_ptr<image_builder> builder;
  std::shared_ptr<push_gate> gate; ///< Into the registry.
  std::shared_ptr<image_registry> images;
  std::shared_ptr<source_fetcher> fetcher;
  std::shared_ptr<source_inspector> inspector;
  std::shared_ptr<proxy::running_edge> front;
  std::shared_ptr<prober> probes;
  std::shared_ptr<vault> keys;
  std::shared_ptr<route_memory> routes;
  std::shared_ptr<traefik::front_door> outer; ///< In front of *front*; null: nothing is.
  std::shared_ptr<domain_inspector> domains{};

  /// What routes are published to.
  std::shared_ptr<edge> door() const {
    return outer ? std::shared_ptr<edge>{outer} : std::shared_ptr<edge>{front};
  }
};

/// Opens all of it. Fails with what cannot be had. Blocks, for some seconds at the most.
caf::expected<std::unique_ptr<equipment>> equip(const config& x, listening_sockets& sockets);

} // namespace backendim::daemon
