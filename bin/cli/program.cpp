#include "bin/cli/program.hpp"

#include "bin/cli/arguments.hpp"
#include "bin/cli/manual.hpp"
#include "bin/cli/problem.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <ostream>
#include <utility>

namespace backendim::cli {

namespace {

int complain(surroundings& around, session& s, const caf::error& why, const verb* what) {
  auto problem = problem_of(why);
  const auto code = exit_code_of(problem);
  if (s.json()) {
    problem.erase("exit");
    boost::json::object line{{"type", "error"}};
    for (auto& member : problem)
      line.insert_or_assign(member.key() == "type" ? "problem" : member.key(), member.value());
    s.print_json(line);
    return static_cast<int>(code);
  }
  around.err << problem_text(problem, s.color());
  if (code == exit_code::usage && what)
    around.err << "  usage: " << usage_line(*what) << "\n";
  around.err << std::flush;
  return static_cast<int>(code);
}

} // namespace

int run_program(const std::vector<std::string>& words, surroundings& around) {
  auto understood = parse(words);
  if (!understood) {
    arguments little; // what can be trusted of a wrong command line
    for (const auto* name : {"json", "quiet", "no-color"})
      if (std::ranges::find(words, "--" + std::string{name}) != words.end())
        little.flags.emplace_back(name, "");
    session s{around, little};
    return complain(around, s, understood.error(), nullptr);
  }
  const auto& [what, given] = *understood;
  session s{around, given};
  if (!what || given.has("help")) {
    s.print_text(what ? verb_help(*what) : overview());
    return 0;
  }
  const auto end = what->run(s, given);
  if (!end)
    return complain(around, s, end.error(), what);
  return static_cast<int>(*end);
}

} // namespace backendim::cli
