#include "bin/cli/arguments.hpp"
#include "bin/cli/manual.hpp"
#include "bin/cli/problem.hpp"
#include "bin/cli/session.hpp"
#include "protocol/spelling.hpp"

#include <boost/json.hpp>

#include <ostream>

namespace backendim::cli {

caf::expected<exit_code> version(session& s, const arguments&) {
  if (s.json())
    s.print_json(boost::json::object{{"version", BACKENDIM_VERSION}});
  else
    s.print("backend-im " BACKENDIM_VERSION);
  return exit_code::ok;
}

caf::expected<exit_code> help(session& s, const arguments& args) {
  if (args.has("markdown")) {
    s.around().out << manual_markdown() << std::flush; // with the characters of the tables' text
    return exit_code::ok;
  }
  auto name = args.operand(0);
  if (name.empty()) {
    s.print_text(overview());
    return exit_code::ok;
  }
  if (const auto second = args.operand(1); !second.empty())
    name += " " + second;
  if (const auto* found = find_verb(name)) {
    s.print_text(verb_help(*found));
    return exit_code::ok;
  }
  std::string family;
  std::vector<std::string_view> known;
  for (const auto& x : verbs()) {
    known.push_back(x.name);
    if (x.name.starts_with(name + " "))
      family += (family.empty() ? "" : "\n") + verb_help(x);
  }
  if (family.empty())
    return usage_problem("there is no verb \"" + name + "\"",
                         std::string{closest_word(name, known)});
  s.print_text(family);
  return exit_code::ok;
}

} // namespace backendim::cli
