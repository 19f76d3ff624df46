#include "bin/cli/arguments.hpp"
#include "bin/cli/local_daemon.hpp"
#include "bin/cli/problem.hpp"
#include "bin/cli/session.hpp"

#include <boost/json.hpp>

#include <string>
#include <vector>

namespace backendim::cli {

caf::expected<exit_code> admin_restore(session& s, const arguments& args) {
  std::vector<std::string> words{"--restore", (s.around().folder / args.operand(0)).string()};
  if (const auto config = args.value("config"))
    words.insert(words.end(), {"--config", (s.around().folder / *config).string()});
  if (args.has("replace"))
    words.emplace_back("--replace");
  const auto ran = run_daemon(s, words);
  if (!ran)
    return ran.error();
  if (!ran->good) {
    const auto why = ran->lines.empty() ? std::string{"backendimd failed"} : ran->lines.back();
    return make_problem(
      {{"code", "not_restored"}, {"detail", why}, {"exit", static_cast<int>(exit_code::failed)}});
  }
  if (s.json()) {
    boost::json::array said;
    for (const auto& line : ran->lines)
      said.emplace_back(line);
    s.print_json(boost::json::object{{"restored", true}, {"said", std::move(said)}});
  } else {
    for (const auto& line : ran->lines)
      s.say(line);
  }
  return exit_code::ok;
}

} // namespace backendim::cli
