#include "bin/cli/arguments.hpp"
#include "bin/cli/local_daemon.hpp"
#include "bin/cli/problem.hpp"
#include "bin/cli/session.hpp"
#include "bin/cli/terminal.hpp"
#include "protocol/finding.hpp"
#include "protocol/json.hpp"
#include "protocol/json_codec.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace backendim::cli {

caf::expected<exit_code> doctor(session& s, const arguments& args) {
  std::vector<std::string> words{"--doctor"};
  if (const auto config = args.value("config"))
    words.insert(words.end(), {"--config", (s.around().folder / *config).string()});
  const auto ran = run_daemon(s, words);
  if (!ran)
    return ran.error();
  const auto said = ran->lines.empty() ? caf::expected<boost::json::value>{ec::internal}
                                       : parse_json(ran->lines.back());
  const auto found
    = said ? from_json<examination>(*said) : caf::expected<examination>{ec::internal};
  if (!ran->good || !found)
    return local_problem("not_examined",
                         ran->lines.empty() ? "backendimd failed" : ran->lines.back(),
                         "Install the backendimd that belongs to this program.");
  const auto fails = std::any_of(found->items.begin(), found->items.end(),
                                 [](const finding& x) { return x.is == health::fail; });
  if (s.json()) {
    s.print_json(*said);
  } else {
    std::vector<std::vector<std::string>> rows;
    for (const auto& x : found->items) {
      rows.push_back({boost::describe::enum_to_string(x.is, "?"), x.check, x.text});
      if (!x.next.empty())
        rows.push_back({"", "", "try: " + x.next});
    }
    s.print_text(table_text(rows));
  }
  return fails ? exit_code::failed : exit_code::ok;
}

} // namespace backendim::cli
