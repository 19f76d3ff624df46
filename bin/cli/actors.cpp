#include "bin/cli/arguments.hpp"
#include "bin/cli/problem.hpp"
#include "bin/cli/session.hpp"
#include "bin/cli/terminal.hpp"
#include "protocol/json.hpp"

#include <boost/json.hpp>

#include <string>
#include <vector>

namespace backendim::cli {

namespace json = boost::json;

namespace {

/// A path's segments encoded one by one: its slashes stay.
std::string encoded_path(std::string_view path) {
  std::string result;
  for (;;) {
    const auto slash = path.find('/');
    result += http::percent_encode(path.substr(0, slash));
    if (slash == path.npos)
      return result;
    result += '/';
    path.remove_prefix(slash + 1);
  }
}

void indent_json(const json::value& x, size_t depth, std::string& out) {
  const std::string inner(2 * depth + 2, ' ');
  const auto close = [&](char c) { out.append("\n").append(2 * depth, ' ') += c; };
  bool first = true;
  const auto next = [&] { out.append(std::exchange(first, false) ? "\n" : ",\n").append(inner); };
  if (x.is_object() && !x.get_object().empty()) {
    out += '{';
    for (const auto& member : x.get_object()) {
      next();
      out.append(json::serialize(json::string{member.key()})).append(": ");
      indent_json(member.value(), depth + 1, out);
    }
    close('}');
  } else if (x.is_array() && !x.get_array().empty()) {
    out += '[';
    for (const auto& item : x.get_array()) {
      next();
      indent_json(item, depth + 1, out);
    }
    close(']');
  } else {
    out += json::serialize(x);
  }
}

std::string indented(const json::value& x) {
  std::string result;
  indent_json(x, 0, result);
  return result + "\n";
}

/// All pages as one document.
caf::expected<json::array> list(platform& door, const std::string& prefix) {
  json::array all;
  std::string after;
  do {
    auto page = door.get("/v1/actors?limit=1000&prefix=" + http::percent_encode(prefix)
                         + "&after=" + http::percent_encode(after));
    if (!page)
      return std::move(page.error());
    auto* object = page->if_object();
    auto* items = object ? object->if_contains("items") : nullptr;
    if (!items || !items->is_array())
      return local_problem("strange_answer", door.url() + " gave no list of actors");
    for (auto& item : items->get_array())
      all.push_back(std::move(item));
    const auto before = std::exchange(after, text_at(*object, "next_cursor"));
    if (after == before)
      break;
  } while (!after.empty());
  return all;
}

void show_actor(session& s, const json::object& x) {
  s.print(text_at(x, "path") + "  " + text_at(x, "kind")
          + (text_at(x, "parent").empty() ? "" : "  of " + text_at(x, "parent")));
  if (const auto* state = x.if_contains("state"))
    s.print_text(indented(*state));
  std::vector<std::vector<std::string>> rows;
  if (const auto* messages = x.if_contains("messages"); messages && messages->is_array())
    for (const auto& message : messages->get_array())
      if (message.is_object())
        rows.push_back({text_at(message.get_object(), "type"),
                        text_at(message.get_object(), "needs"),
                        text_at(message.get_object(), "summary")});
  if (rows.empty())
    return;
  s.print("");
  rows.insert(rows.begin(), {"MESSAGE", "NEEDS", ""});
  s.print_text(table_text(rows));
}

} // namespace

caf::expected<exit_code> actors(session& s, const arguments& args) {
  auto door = s.connect();
  if (!door)
    return std::move(door.error());
  if (const auto path = args.operand(0); !path.empty()) {
    const auto answer = door->get("/v1/actors/" + encoded_path(path));
    if (!answer)
      return answer.error();
    if (s.json() || !answer->is_object())
      s.print_json(*answer);
    else
      show_actor(s, answer->get_object());
    return exit_code::ok;
  }
  auto items = list(*door, args.value("prefix").value_or(""));
  if (!items)
    return std::move(items.error());
  if (s.json()) {
    s.print_json(json::object{{"items", std::move(*items)}, {"next_cursor", nullptr}});
    return exit_code::ok;
  }
  std::vector<std::vector<std::string>> rows{{"PATH", "KIND", "PARENT"}};
  for (const auto& item : *items)
    if (const auto* x = item.if_object())
      rows.push_back({text_at(*x, "path"), text_at(*x, "kind"), text_at(*x, "parent")});
  s.print_text(table_text(rows));
  return exit_code::ok;
}

caf::expected<exit_code> actors_send(session& s, const arguments& args) {
  const auto text = args.operand(2);
  auto message = parse_json(text.empty() ? "{}" : text);
  if (!message)
    return usage_problem("JSON is no JSON: " + text_at(problem_of(message.error()), "detail"));
  auto door = s.connect();
  if (!door)
    return std::move(door.error());
  const auto answer
    = door->command("POST", "/v1/actors/" + encoded_path(args.operand(0)) + "/messages",
                    json::object{{"type", args.operand(1)}, {"message", std::move(*message)}});
  if (!answer)
    return answer.error();
  if (s.json())
    s.print_json(*answer);
  else
    s.print_text(indented(*answer));
  return exit_code::ok;
}

} // namespace backendim::cli
