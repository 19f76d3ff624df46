#include "tests/support/servers.hpp"

#include <cstdlib>
#include <stdexcept>
#include <string_view>

namespace backendim::test {

namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

} // namespace

const servers& running_servers() {
  static const servers found{variable("BACKENDIM_TEST_DOCKER"), variable("BACKENDIM_TEST_REGISTRY"),
                             variable("BACKENDIM_TEST_STATE")};
  if (found.docker_socket.empty() && variable("BACKENDIM_REQUIRE_SERVERS") == "1")
    throw std::runtime_error{"no servers: start the tests through tests/run"};
  return found;
}

bool servers_run() {
  return !running_servers().docker_socket.empty();
}

} // namespace backendim::test
