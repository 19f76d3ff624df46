#include "bin/cli/arguments.hpp"
#include "bin/cli/problem.hpp"
#include "bin/cli/session.hpp"
#include "bin/cli/terminal.hpp"

#include <boost/json.hpp>

#include <string>
#include <vector>

namespace backendim::cli {

namespace json = boost::json;

caf::expected<exit_code> admin_reconcile(session& s, const arguments& args) {
  auto door = s.connect();
  if (!door)
    return std::move(door.error());
  const bool dry_run = args.has("dry-run");
  const auto answer = door->command("POST", "/v1/reconcile", json::object{{"dry_run", dry_run}});
  if (!answer)
    return answer.error();
  if (!answer->is_object())
    return local_problem("strange_answer", door->url() + " gave no comparison");
  const auto* found = answer->get_object().if_contains("differences");
  const bool same = !found || !found->is_array() || found->get_array().empty();
  const auto code = dry_run && !same ? exit_code::failed : exit_code::ok;
  if (s.json()) {
    s.print_json(*answer);
    return code;
  }
  if (same) {
    s.print("Everything runs as it should.");
    return code;
  }
  std::vector<std::vector<std::string>> lines;
  for (const auto& item : found->get_array())
    if (const auto* x = item.if_object())
      lines.push_back({text_at(*x, "what"), text_at(*x, "service"), text_at(*x, "app")});
  s.print(table_text(lines));
  return code;
}

} // namespace backendim::cli
