#include "bin/cli/local_daemon.hpp"

#include "adapters/subprocess/run.hpp"
#include "bin/cli/problem.hpp"

#include <filesystem>
#include <string_view>
#include <system_error>

namespace backendim::cli {

namespace fs = std::filesystem;

namespace {

constexpr auto longest = std::chrono::hours{24}; // a backup may be a large one

fs::path find_daemon(const std::string& path) {
  std::error_code failed;
  const auto own = fs::read_symlink("/proc/self/exe", failed);
  if (const auto beside = own.parent_path() / "backendimd"; !failed && fs::exists(beside, failed))
    return beside;
  return subprocess::find_program("backendimd", path);
}

} // namespace

caf::expected<daemon_run> run_daemon(session& s, const std::vector<std::string>& words) {
  const auto path = s.around().variable("PATH");
  const auto daemon = find_daemon(path);
  if (daemon.empty())
    return local_problem("no_daemon", "there is no backendimd on this machine",
                         "Run this where the platform runs.");
  subprocess::command what;
  what.argv = {daemon.string()};
  what.argv.insert(what.argv.end(), words.begin(), words.end());
  what.env = {{"PATH", path}, {"HOME", s.around().variable("HOME")}};
  for (const auto* name : {"PGPASSWORD", "PGPASSFILE", "PGSERVICEFILE"})
    if (const auto value = s.around().variable(name); !value.empty())
      what.env[name] = value;
  what.limit = longest;
  daemon_run result;
  const auto ran
    = subprocess::run(what, [&](std::string_view line) { result.lines.emplace_back(line); }, {});
  if (!ran)
    return ran.error();
  result.good = ran->good();
  return result;
}

} // namespace backendim::cli
