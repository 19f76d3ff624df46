#include "tests/support/registry_server.hpp"

#include "adapters/subprocess/run.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <utility>

namespace backendim::test {

registry_server::registry_server(std::vector<std::string> layers) {
  subprocess::command x;
  x.argv = {BACKENDIM_SOURCE "/deploy/registry-config", address()};
  if (layers.empty())
    layers = {"--folder", data().string()};
  x.argv.insert(x.argv.end(), layers.begin(), layers.end());
  x.env = {{"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}};
  std::ofstream file{settings()};
  const auto made = subprocess::run(x, [&](std::string_view line) { file << line << "\n"; }, {});
  EXPECT_TRUE(made && made->good()) << (made && !made->tail.empty() ? made->tail.back() : "");
  file.close();
  const auto program = subprocess::find_program("docker-registry", "/usr/bin:/bin:/usr/local/bin");
  process_.start({program.string(), "serve", settings().string()}, {"PATH=/usr/bin:/bin"},
                 "http://" + address() + "/v2/");
}

registry_server::registry_server() : registry_server{std::vector<std::string>{}} {}

} // namespace backendim::test
