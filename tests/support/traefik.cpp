#include "tests/support/traefik.hpp"

#include "adapters/subprocess/run.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <utility>

namespace backendim::test {

namespace {

std::map<std::string, std::string> environment() {
  std::map<std::string, std::string> result;
  for (const auto* name : {"PATH", "HOME", "XDG_CACHE_HOME", "GOPROXY", "GOSUMDB", "SSL_CERT_FILE",
                           "TMPDIR", "http_proxy", "https_proxy", "no_proxy"})
    if (const auto* value = std::getenv(name))
      result[name] = value;
  return result;
}

/// The last lines that a script of ours prints; empty when it fails.
std::vector<std::string> lines_of(std::vector<std::string> argv) {
  subprocess::command x;
  x.argv = std::move(argv);
  x.argv.front() = BACKENDIM_SOURCE "/" + x.argv.front();
  x.env = environment();
  const auto ran = subprocess::run(x, {}, {});
  if (!ran || !ran->good())
    return {};
  return {ran->tail.begin(), ran->tail.end()};
}

} // namespace

traefik_server::traefik_server(std::filesystem::path program, std::string platform,
                               const std::string& token)
  : program_{std::move(program)}, platform_{std::move(platform)} {
  show_token(token);
}

void traefik_server::show_token(const std::string& token) {
  std::ofstream{state_.path() / "traefik.token"} << token << "\n";
}

void traefik_server::start(const std::vector<std::string>& more) {
  std::vector<std::string> words{
    "deploy/traefik", "--print-command", "--state",  state_.path().string(),
    "--platform",     platform_,         "--web",    entry().substr(7),
    "--api",          api().substr(7),   "--binary", program_.string()};
  words.insert(words.end(), more.begin(), more.end());
  const auto command = lines_of(std::move(words));
  ASSERT_EQ(command.size(), 2u) << "deploy/traefik fails";
  process_.start(command, {"PATH=/usr/bin:/bin", "HOME=/nonexistent"}, api() + "/api/version");
}

} // namespace backendim::test
