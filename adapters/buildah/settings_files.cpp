#include "adapters/buildah/settings_files.hpp"

#include "adapters/buildah/build_network.hpp"
#include "protocol/error.hpp"

#include <boost/json.hpp>

#include <fstream>
#include <system_error>

namespace backendim::buildah {

namespace fs = std::filesystem;

namespace {

/// Debian's place; where images of other distributions look is mounted by none of ours.
constexpr auto ca_place = "/etc/ssl/certs/ca-certificates.crt";

std::string registries(const builder_options& options) {
  const auto own = options.registry + "/library";
  std::string result = "unqualified-search-registries = [\"docker.io\"]\n"
                       "short-name-mode = \"disabled\"\n\n"
                       "[[registry]]\nlocation = \""
                       + options.registry + "\"\ninsecure = true\n\n"
                       + "[[registry]]\nprefix = \"docker.io/library\"\n";
  // With the hub, ours come first: they are near, and the hub does not have all of them.
  if (options.hub)
    return result + "location = \"docker.io/library\"\n[[registry.mirror]]\nlocation = \"" + own
           + "\"\ninsecure = true\n";
  return result + "location = \"" + own + "\"\ninsecure = true\n";
}

std::string npm(const build_surroundings& x) {
  std::string result = "fund=false\naudit=false\nupdate-notifier=false\n";
  if (!x.npm_registry.empty())
    result += "registry=" + x.npm_registry + "\n";
  if (!x.ca_bundle.empty())
    result += std::string{"cafile="} + ca_place + "\n";
  return result;
}

std::string pip(const build_surroundings& x) {
  std::string result = "[global]\ndisable-pip-version-check = true\n";
  if (!x.pip_index_url.empty())
    result += "index-url = " + x.pip_index_url + "\n";
  if (!x.ca_bundle.empty())
    result += std::string{"cert = "} + ca_place + "\n";
  return result;
}

std::string go(const build_surroundings& x) {
  return (x.goproxy.empty() ? "" : "GOPROXY=" + x.goproxy + "\n")
         + (x.gosumdb.empty() ? "" : "GOSUMDB=" + x.gosumdb + "\n");
}

std::string cargo(const build_surroundings& x) {
  std::string result;
  if (!x.ca_bundle.empty())
    result += std::string{"[http]\ncainfo = \""} + ca_place + "\"\n";
  if (!x.cargo_registry.empty())
    result += "[source.crates-io]\nreplace-with = \"mirror\"\n[source.mirror]\nregistry = \"sparse+"
              + x.cargo_registry + "\"\n";
  return result;
}

std::string maven(const build_surroundings& x) {
  if (x.maven_mirror.empty())
    return "";
  return "<settings><mirrors><mirror><id>mirror</id><mirrorOf>central</mirrorOf><url>"
         + x.maven_mirror + "</url></mirror></mirrors></settings>\n";
}

} // namespace

caf::expected<std::vector<mounted_file>> write_settings(const fs::path& folder,
                                                        const builder_options& options) {
  std::error_code failed;
  fs::create_directories(folder, failed);
  const auto& around = options.around;
  std::string bundle;
  if (!around.ca_bundle.empty()) {
    std::ifstream in{around.ca_bundle, std::ios::binary};
    bundle.assign(std::istreambuf_iterator<char>{in}, {});
    if (!in || bundle.empty())
      return caf::make_error(ec::unavailable, "cannot read the CA bundle " + around.ca_bundle);
  }
  struct setting {
    const char* name;
    const char* target; ///< Empty: for buildah itself.
    std::string text;
  };
  const std::vector<setting> all{
    {"registries.conf", "", registries(options)},
    {"policy.json", "", R"({"default":[{"type":"insecureAcceptAnything"}]})"},
    {"resolv.conf", "/etc/resolv.conf",
     std::string{"nameserver "} + build_network::name_server + "\n"},
    {"ca.crt", ca_place, bundle},
    {"npmrc", "/usr/local/etc/npmrc", npm(around)},
    {"pip.conf", "/etc/pip.conf", pip(around)},
    {"go.env", "/root/.config/go/env", go(around)},
    {"cargo.toml", "/.cargo/config.toml", cargo(around)},
    {"maven.xml", "/root/.m2/settings.xml", maven(around)},
  };
  std::vector<mounted_file> result;
  for (const auto& x : all) {
    if (x.text.empty())
      continue;
    std::ofstream out{folder / x.name, std::ios::binary};
    out << x.text;
    if (!out.flush())
      return caf::make_error(ec::unavailable, "cannot write " + (folder / x.name).string());
    if (*x.target)
      result.push_back({x.name, x.target});
  }
  return result;
}

} // namespace backendim::buildah
