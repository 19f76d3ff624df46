#pragma once

#include "protocol/gateway.hpp"
#include "protocol/node.hpp"
#include "protocol/release.hpp"

#include <caf/optional.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace backendim {

/// The Swarm service of a release.
std::string service_name(const std::string& tenant, const std::string& app, uint32_t release);

/// The Swarm service of what runs once before a release.
std::string command_service(const std::string& service);

/// The Swarm service of a one-off task; no release's is called so: apps begin with a letter.
std::string one_off_service(const std::string& id);

/// How many tasks *x* asks for.
uint32_t replicas_of(const release& x);

/// How a release is run, and when it is ready.
run_release tasks_of(const std::string& tenant, const std::string& app, const release& x,
                     uint32_t replicas, const std::string& host);
await_release readiness_of(const std::string& tenant, const std::string& app, const release& x,
                           uint32_t replicas);

/// What the front door asks of requests while the release serves, with the secrets that it needs.
caf::optional<sealed_rules> rules_of(const std::string& tenant, const std::string& app,
                                     const release& x);

/// What has to run once before the release.
caf::optional<run_release> command_of(const std::string& tenant, const std::string& app,
                                      const release& x);

/// How a command is run once, as a task of the release is.
run_release one_off_of(const std::string& tenant, const std::string& app, const release& x,
                       const std::string& id, std::vector<std::string> command);

} // namespace backendim
