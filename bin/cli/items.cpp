#include "bin/cli/items.hpp"

#include "bin/cli/terminal.hpp"

#include <boost/json.hpp>

#include <utility>

namespace backendim::cli {

void print_items(session& s, const boost::json::value& answer, std::vector<std::string> heads,
                 const std::function<std::vector<std::string>(const boost::json::object&)>& row,
                 const std::string& none) {
  const auto* items = answer.is_object() ? answer.get_object().if_contains("items") : nullptr;
  if (s.json() || !items || !items->is_array()) {
    s.print_json(answer);
    return;
  }
  std::vector<std::vector<std::string>> rows{std::move(heads)};
  for (const auto& item : items->get_array())
    if (const auto* x = item.if_object())
      rows.push_back(row(*x));
  if (rows.size() == 1 && !none.empty())
    s.say(none);
  else
    s.print_text(table_text(rows));
}

} // namespace backendim::cli
