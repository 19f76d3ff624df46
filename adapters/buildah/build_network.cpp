#include "adapters/buildah/build_network.hpp"

#include "adapters/subprocess/run.hpp"
#include "protocol/error.hpp"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <future>
#include <iterator>
#include <map>
#include <system_error>
#include <vector>

namespace backendim::buildah {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

const std::map<std::string, std::string> plain_env{
  {"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}, {"LC_ALL", "C"}};

const fs::path folder = "/run/netns";

std::string prefix(const std::string& platform) {
  return "backend-im-" + platform + "-";
}

caf::error run_in(const fs::path& net_namespace, std::vector<std::string> argv) {
  subprocess::command x;
  x.argv = std::move(argv);
  x.env = plain_env;
  x.net_namespace = net_namespace;
  x.limit = 10s;
  auto ran = subprocess::run(x, {}, {});
  if (!ran)
    return std::move(ran.error());
  if (!ran->good())
    return caf::make_error(ec::unavailable,
                           "cannot make a build's network: "
                             + (ran->tail.empty() ? x.argv[0] + " failed" : ran->tail.back()));
  return {};
}

caf::error run_ip(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "ip");
  return run_in({}, std::move(arguments));
}

caf::error put_up(const machine_fence& fence, const fs::path& net_namespace) {
  // The rules come from standard input; -w waits for whoever else changes rules, like Docker.
  return run_in(net_namespace, {"sh", "-euc", R"(printf %s "$1" | iptables-restore -w 5)", "fence",
                                fence_rules(fence, build_network::name_server)});
}

} // namespace

caf::expected<std::unique_ptr<build_network>> build_network::make(const std::string& platform,
                                                                  const std::string& id,
                                                                  const machine_fence& fence) {
  std::unique_ptr<build_network> result{new build_network};
  result->name_ = prefix(platform) + id;
  result->path_ = folder / result->name_;
  (void)run_ip({"netns", "del", result->name_}); // of an earlier try
  if (auto why = run_ip({"netns", "add", result->name_}))
    return why;
  if (auto why = run_ip({"-n", result->name_, "link", "set", "lo", "up"}))
    return why;
  if (auto why = put_up(fence, result->path_))
    return why;
  const auto up = std::make_shared<std::promise<std::string>>();
  auto ready = up->get_future();
  result->gateway_ = std::jthread{[up, path = result->path_](std::stop_token stop) {
    subprocess::command x;
    // stdbuf: it says that it is ready on a stream that would keep it back otherwise.
    x.argv = {"stdbuf",
              "-oL",
              "slirp4netns",
              "--netns-type=path",
              "--configure",
              "--mtu=1500",
              "--disable-host-loopback",
              path.string(),
              "tap0"};
    x.env = plain_env;
    x.limit = 24h;
    bool told = false;
    const auto ran = subprocess::run(
      x,
      [&](std::string_view line) {
        if (!told && line.starts_with("Starting slirp")) {
          told = true;
          up->set_value("");
        }
      },
      stop);
    if (!told)
      up->set_value(!ran                ? render(ran.error())
                    : ran->tail.empty() ? "slirp4netns ended at once"
                                        : ran->tail.back());
  }};
  if (ready.wait_for(10s) != std::future_status::ready)
    return caf::make_error(ec::unavailable, "a build's network did not come up in 10 s");
  if (const auto why = ready.get(); !why.empty())
    return caf::make_error(ec::unavailable, "cannot make a build's network: " + why);
  return result;
}

build_network::~build_network() {
  gateway_.request_stop();
  if (gateway_.joinable())
    gateway_.join();
  (void)run_ip({"netns", "del", name_});
}

void sweep_networks(const std::string& platform) {
  const auto ours = prefix(platform);
  // slirp4netns dies with the daemon that began it; one that did not would keep its namespace.
  std::error_code failed;
  for (fs::directory_iterator i{"/proc", failed}, end; !failed && i != end; i.increment(failed)) {
    std::ifstream in{i->path() / "cmdline"};
    const std::string words{std::istreambuf_iterator<char>{in}, {}};
    if (words.starts_with("slirp4netns")
        && words.find((folder / ours).string()) != std::string::npos)
      ::kill(std::atoi(i->path().filename().c_str()), SIGKILL);
  }
  std::vector<std::string> names;
  for (fs::directory_iterator i{folder, failed}, end; !failed && i != end; i.increment(failed))
    if (const auto name = i->path().filename().string(); name.starts_with(ours))
      names.push_back(name);
  for (const auto& name : names)
    (void)run_ip({"netns", "del", name});
}

} // namespace backendim::buildah
