#pragma once

#include "adapters/container_engine.hpp"
#include "adapters/docker/encryption.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace backendim::docker {

/// Which engine, and whose objects on it.
struct engine_config {
  std::string socket = "/var/run/docker.sock";
  std::string platform_id;                   ///< Value of label::platform on all that is ours.
  std::string node;                          ///< Name to report; empty: the engine's own.
  std::string tenant_pool = "10.200.0.0/13"; ///< Tenants' networks are /20s of it: 128 of them.
  network_encryption encryption = network_encryption::when_possible; ///< Of networks made anew.
  encryption_probe probe = probe_encryption; ///< Called before a network is made, and by info().
  std::string proc = "/proc";                ///< Of the PID namespace that the engine runs in.
  std::string starter; ///< The program of bin/start, on the engine's machine; empty: none.
  std::chrono::milliseconds timeout{20'000}; ///< Of one call. Swarm without quorum answers in 20 s.
  std::chrono::milliseconds first_retry{
    100}; ///< Of watch() after a break; doubles up to last_retry.
  std::chrono::milliseconds last_retry{5'000};
};

/// The Docker engine behind a Unix socket, in Swarm mode (ensure_swarm). Connects at the first
/// call; speaks the lower of API 1.44 and what the engine offers, and at least 1.41. Thread-safe.
///
/// Services run with a read-only root, a /tmp of 64 MiB, no capabilities and the image's user.
/// no-new-privileges is set per service from API 1.44 on; an older engine ignores that field and
/// needs `"no-new-privileges": true` in its daemon.json.
std::shared_ptr<container_engine> connect(engine_config config);

/// How to begin a swarm of one node.
struct swarm_config {
  std::string advertise = "127.0.0.1"; ///< Other machines cannot join at this one.
  std::string address_pool
    = "10.208.0.0/16";       ///< Of networks without a subnet; clear of tenant_pool.
  uint32_t task_history = 2; ///< Dead tasks (and their containers) kept per slot.
};

/// Makes the node a manager of a swarm of its own unless it is in one already; changes nothing of a
/// swarm that is there. Fails with conflict when this engine cannot be a manager (live-restore, a
/// worker of some swarm, a locked swarm), unavailable when it does not answer; both with a failure
/// that says what to do.
caf::expected<caf::unit_t> ensure_swarm(const engine_config& engine, const swarm_config& swarm);

} // namespace backendim::docker
