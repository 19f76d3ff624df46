#include "tests/support/built_server.hpp"

#include "adapters/subprocess/run.hpp"

#include <cstdlib>
#include <iostream>

namespace backendim::test {

std::optional<std::filesystem::path> built_server(const std::string& name) {
  subprocess::command x;
  x.argv = {BACKENDIM_SOURCE "/tests/support/" + name};
  if (!std::getenv("BACKENDIM_BUILD_SERVERS"))
    x.argv.emplace_back("--cached");
  for (const auto* variable : {"PATH", "HOME", "XDG_CACHE_HOME", "GOPROXY", "GOSUMDB",
                               "SSL_CERT_FILE", "TMPDIR", "http_proxy", "https_proxy", "no_proxy"})
    if (const auto* value = std::getenv(variable))
      x.env[variable] = value;
  const auto ran = subprocess::run(x, {}, {});
  if (ran && ran->good() && !ran->tail.empty())
    return ran->tail.back();
  std::cerr << "not run: no " << name << " has been built here; tests/run --long builds it\n";
  return std::nullopt;
}

} // namespace backendim::test
