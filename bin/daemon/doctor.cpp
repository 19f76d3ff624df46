#include "bin/daemon/doctor.hpp"

#include "protocol/error.hpp"

#include <cstdlib>
#include <iterator>
#include <string>
#include <system_error>
#include <utility>

namespace backendim::daemon {

namespace {

finding look_at_settings(const caf::expected<config>& settings, const std::filesystem::path& file) {
  if (settings)
    return {"settings", health::ok, file.string(), ""};
  std::error_code failed;
  const auto next = !std::filesystem::exists(file, failed) ? std::string{"deploy/quickstart"}
                    : settings.error() == ec::unavailable  ? std::string{"sudo backend-im doctor"}
                                                           : "sudoedit " + file.string();
  return {"settings", health::fail, file.string() + ": " + render(settings.error()), next};
}

} // namespace

examination examine(const caf::expected<config>& settings, const std::filesystem::path& file) {
  const config x = settings ? *settings : config{};
  const auto* path = std::getenv("PATH"); // no other thread runs
  examination result;
  result.items.push_back({"version", health::ok, "backendimd " BACKENDIM_VERSION, ""});
  result.items.push_back(look_at_settings(settings, file));
  for (auto& part : {examine_machine(x, "/"), examine_engine(x), examine_servers(x),
                     examine_builds(x, "/", path ? path : "/usr/sbin:/usr/bin:/sbin:/bin")})
    result.items.insert(result.items.end(), part.begin(), part.end());
  return result;
}

} // namespace backendim::daemon
