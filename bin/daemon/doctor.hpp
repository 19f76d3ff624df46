#pragma once

#include "bin/daemon/config.hpp"
#include "protocol/finding.hpp"

#include <caf/expected.hpp>

#include <filesystem>
#include <vector>

namespace backendim::daemon {

/// Looks at all that the platform needs on this machine, whether it runs or not; changes nothing.
/// *settings* is what read_config made of *file*. Takes root to see everything. Blocks, for some
/// seconds at the most.
examination examine(const caf::expected<config>& settings, const std::filesystem::path& file);

// Its parts, each one subject. *root* is "/", but in tests.

/// Kernel and machine: cgroups, memory, disk, clock, kernel modules, certificates.
std::vector<finding> examine_machine(const config& x, const std::filesystem::path& root);
/// Who builds, and with what. *path* is like PATH.
std::vector<finding> examine_builds(const config& x, const std::filesystem::path& root,
                                    const std::string& path);
/// Docker and its swarm.
std::vector<finding> examine_engine(const config& x);
/// The platform itself, its ports, the registry, and the names under which apps are found.
std::vector<finding> examine_servers(const config& x);

} // namespace backendim::daemon
