#include "adapters/inspect/inspector.hpp"
#include "bin/cli/app_name.hpp"
#include "bin/cli/arguments.hpp"
#include "bin/cli/plan_text.hpp"
#include "bin/cli/problem.hpp"
#include "bin/cli/session.hpp"
#include "protocol/json.hpp"

#include <boost/json.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace backendim::cli {

namespace fs = std::filesystem;

namespace {

/// The file that holds the folder's config, or would.
fs::path config_path(const fs::path& folder) {
  std::error_code failed;
  const auto other = folder / "backend-im.yaml";
  return fs::exists(fs::symlink_status(other, failed)) ? other : folder / "backend-im.yml";
}

std::string config_text(const std::string& name, const build_plan& plan) {
  auto result = "# " + (plan.why.empty() ? "Settings of the app." : plan.why.front()) + "\n";
  result += "name: " + name + "\n";
  if (!plan.runtime.empty())
    result += "runtime: " + plan.runtime + "\n";
  if (plan.port != 0)
    result += "port: " + std::to_string(plan.port) + "\n";
  return result
         + "\n# More keys, all optional:\n"
           "# start: the command that starts the app\n"
           "# health_check: /health\n"
           "# env: {LOG_LEVEL: info}\n"
           "# build: {command: make}\n";
}

/// Writes a new file, or with *replace* over an old one that is a plain file.
caf::expected<caf::unit_t> write_config(const fs::path& path, const std::string& text,
                                        bool replace) {
  const auto flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | (replace ? O_TRUNC : O_EXCL);
  const int file = ::open(path.c_str(), flags, 0644);
  if (file < 0 && errno == EEXIST)
    return local_problem("conflict", path.string() + " exists",
                         "Replace it with --force, or look at it with backend-im plan.");
  const auto n = file < 0 ? -1 : ::write(file, text.data(), text.size());
  const auto why = errno;
  const bool closed = file >= 0 && ::close(file) == 0;
  if (n != static_cast<ssize_t>(text.size()) || !closed)
    return local_problem("unwritable", "cannot write " + path.string() + ": " + std::strerror(why));
  return caf::unit;
}

} // namespace

caf::expected<exit_code> init(session& s, const arguments& args) {
  const auto folder = s.folder(args.operand(0));
  if (!folder)
    return folder.error();
  const auto path = config_path(*folder);
  std::error_code failed;
  if (!args.has("force") && fs::exists(fs::symlink_status(path, failed)))
    return write_config(path, "", false).error();
  const bool asks = !args.has("yes");
  if (asks && !s.around().ask)
    return usage_problem("stdin is no terminal: give --yes to write without being asked");
  const auto plan = inspection::make_inspector()->plan(*folder, {});
  if (!plan)
    return plan.error();
  s.say_raw(plan_text(*plan) + "\n");

  auto name = args.value("name").value_or(valid_name(folder->filename().string()));
  if (asks && !args.has("name")) {
    const auto answer = s.around().ask("Name of the app [" + name + "]: ", false);
    if (!answer)
      return exit_code::interrupted;
    if (!answer->empty())
      name = *answer;
  }
  if (name.empty() || name != valid_name(name))
    return usage_problem("\"" + name
                           + "\" is no app's name: a lower-case letter, then at most 39 "
                             "of a-z, 0-9 and -, no - at the end",
                         valid_name(name));
  if (asks) {
    const auto answer = s.around().ask("Write " + path.filename().string() + "? [Y/n] ", false);
    if (!answer || answer->starts_with('n') || answer->starts_with('N')) {
      s.say("Nothing written.");
      return exit_code::interrupted;
    }
  }
  if (const auto written = write_config(path, config_text(name, *plan), args.has("force"));
      !written)
    return written.error();
  if (s.json())
    s.print_json(
      boost::json::object{{"file", path.string()}, {"name", name}, {"plan", to_json(*plan)}});
  else
    s.print(path.string());
  s.say("Deploy it: backend-im deploy");
  return exit_code::ok;
}

} // namespace backendim::cli
