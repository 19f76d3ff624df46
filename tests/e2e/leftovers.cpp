#include "tests/e2e/leftovers.hpp"

#include "tests/e2e/world.hpp"
#include "tests/support/eventually.hpp"

#include <boost/json.hpp>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

namespace backendim::e2e {

namespace fs = std::filesystem;
namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

std::string inside(const fs::path& folder, const std::string& what) {
  std::string result;
  if (fs::exists(folder))
    for (const auto& x : fs::directory_iterator{folder})
      result += what + " " + x.path().string() + "\n";
  return result;
}

/// The lines that a command prints.
std::string said(const std::string& what, const std::string& script) {
  std::istringstream lines{run({"sh", "-c", script}).out};
  std::string result;
  for (std::string line; std::getline(lines, line);)
    result += what + " " + line + "\n";
  return result;
}

std::string services() {
  std::set<std::string> wanted, tenants;
  const auto apps = json::parse(api("/v1/apps").body);
  for (const auto& app : apps.at("items").as_array())
    if (app.as_object().contains("live")) {
      tenants.insert(std::string{app.at("tenant").as_string()});
      const auto tasks
        = json::parse(api("/v1/apps/" + std::string{app.at("app").as_string()} + "/tasks").body);
      wanted.insert(std::string{tasks.at("service").as_string()});
    }
  std::ifstream id{daemon_process::instance().state() / "platform-id"};
  std::string platform;
  id >> platform;
  const auto docker = std::string{"docker -H unix://"} + std::getenv("BACKENDIM_DOCKER_SOCKET");
  const auto ours = " ls --filter label=im.backend.platform=" + platform;
  std::istringstream there{
    run({"sh", "-c", docker + " service" + ours + " --format '{{.Name}}'"}).out};
  std::istringstream owners{
    run({"sh", "-c",
         docker + " secret" + ours + " -q | xargs -r " + docker
           + " secret inspect -f '{{index .Spec.Labels \"im.backend.service\"}}'"})
      .out};
  std::string result;
  for (std::string name; std::getline(owners, name);)
    if (!wanted.contains(name))
      result += "secret of " + name + "\n";
  std::istringstream networks{
    run({"sh", "-c", docker + " network" + ours + " --format '{{.Label \"im.backend.tenant\"}}'"})
      .out};
  for (std::string tenant; std::getline(networks, tenant);)
    if (!tenants.contains(tenant))
      result += "network of " + tenant + "\n";
  for (std::string name; std::getline(there, name);)
    if (wanted.erase(name) == 0)
      result += "service " + name + "\n";
  for (const auto& name : wanted)
    result += "no service " + name + "\n";
  return result;
}

std::string look() {
  const auto state = daemon_process::instance().state();
  return services() + inside(state / "builds", "source")
         + inside(state / "builder" / "results", "result")
         + inside(state / "blobs" / "incoming", "upload") + said("namespace", "ip netns")
         + said("cgroup",
                "find /sys/fs/cgroup -regex '.*/backend-im-builds/.*[0-9A-Z]\\{26\\}.*' -type d")
         + said("process", "pgrep -a 'slirp4netns|buildah'")
         + said("mount", "awk '{print $5}' /proc/self/mountinfo | grep " + state.string())
         + said("working container",
                "find " + (state / "builder" / "tenants").string()
                  + " -path '*/overlay-containers/containers.json' -exec grep -l '\"id\"' {} +")
         // One that a full registry refused is the registry's own to purge.
         + said("registry upload", std::string{"find "} + std::getenv("BACKENDIM_REGISTRY_DATA")
                                     + " -path '*/_uploads/*' -not -path '*/heavy/*' -prune");
}

} // namespace

std::string leftovers() {
  std::string found;
  test::eventually([&] { return (found = look()).empty(); });
  return found;
}

} // namespace backendim::e2e
