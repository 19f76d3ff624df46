#pragma once

#include <string>

namespace backendim::test {

/// Servers that tests/support/sandbox starts for one test run, in a network, mount and process
/// namespace of its own, and names in the environment.
struct servers {
  std::string docker_socket; ///< BACKENDIM_TEST_DOCKER: path of a dockerd's socket, Swarm active.
  std::string registry;      ///< BACKENDIM_TEST_REGISTRY: host:port, plain HTTP.
  std::string state;         ///< BACKENDIM_TEST_STATE: an empty folder for what tests keep.
};

/// The servers of this run. Throws when there are none and BACKENDIM_REQUIRE_SERVERS is 1.
const servers& running_servers();

/// Whether there are any; a test without them says GTEST_SKIP, visibly.
bool servers_run();

} // namespace backendim::test
