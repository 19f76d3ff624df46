#include "adapters/subprocess/run.hpp"
#include "bin/cli/arguments.hpp"
#include "bin/cli/problem.hpp"
#include "bin/cli/session.hpp"

#include <boost/json.hpp>

#include <string>
#include <system_error>
#include <vector>

namespace backendim::cli {

namespace fs = std::filesystem;

namespace {

constexpr auto longest = std::chrono::hours{24};

/// The daemon of this machine: beside this program, else on the PATH.
fs::path find_daemon(const std::string& path) {
  std::error_code failed;
  const auto own = fs::read_symlink("/proc/self/exe", failed);
  if (const auto beside = own.parent_path() / "backendimd"; !failed && fs::exists(beside, failed))
    return beside;
  return subprocess::find_program("backendimd", path);
}

} // namespace

caf::expected<exit_code> admin_restore(session& s, const arguments& args) {
  const auto path = s.around().variable("PATH");
  const auto daemon = find_daemon(path);
  if (daemon.empty())
    return local_problem("no_daemon", "there is no backendimd on this machine",
                         "Run this where the platform runs.");
  subprocess::command what;
  what.argv = {daemon.string(), "--restore", (s.around().folder / args.operand(0)).string()};
  if (const auto config = args.value("config"))
    what.argv.insert(what.argv.end(), {"--config", (s.around().folder / *config).string()});
  if (args.has("replace"))
    what.argv.emplace_back("--replace");
  what.env = {{"PATH", path}, {"HOME", s.around().variable("HOME")}};
  for (const auto* name : {"PGPASSWORD", "PGPASSFILE", "PGSERVICEFILE"})
    if (const auto value = s.around().variable(name); !value.empty())
      what.env[name] = value;
  what.limit = longest;
  std::vector<std::string> lines;
  const auto ran
    = subprocess::run(what, [&](std::string_view line) { lines.emplace_back(line); }, {});
  if (!ran)
    return ran.error();
  if (!ran->good()) {
    const auto why = lines.empty() ? std::string{"backendimd failed"} : lines.back();
    return make_problem(
      {{"code", "not_restored"}, {"detail", why}, {"exit", static_cast<int>(exit_code::failed)}});
  }
  if (s.json()) {
    boost::json::array said;
    for (const auto& line : lines)
      said.emplace_back(line);
    s.print_json(boost::json::object{{"restored", true}, {"said", std::move(said)}});
  } else {
    for (const auto& line : lines)
      s.say(line);
  }
  return exit_code::ok;
}

} // namespace backendim::cli
