#include "bin/cli/app_name.hpp"
#include "bin/cli/arguments.hpp"
#include "bin/cli/problem.hpp"
#include "bin/cli/session.hpp"
#include "bin/cli/terminal.hpp"
#include "protocol/json.hpp"
#include "protocol/secret_use.hpp"
#include "protocol/types.hpp"

#include <boost/json.hpp>

#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace backendim::cli {

namespace json = boost::json;

namespace {

/// No problem here repeats what was given: it may be a value.
caf::error no_pair(const std::string& where) {
  return usage_problem(where + " has to be K=V; K of letters, digits and _, no digit first");
}

caf::expected<std::string> target_of(session& s, const arguments& args) {
  const auto app
    = args.has("app") ? caf::expected<std::string>{*args.value("app")} : app_or_here(s, "");
  if (!app)
    return app.error();
  if (*app != valid_name(*app))
    return usage_problem("--app needs the name of an app", valid_name(*app));
  return "/v1/apps/" + *app + "/secrets";
}

/// From stdin, or the person at the terminal; without the line break at its end.
caf::expected<std::string> hidden_value(session& s, const std::string& name) {
  std::string value;
  if (s.around().input)
    value = s.around().input();
  else if (s.around().ask)
    value = s.around().ask("Value of " + name + ": ", true).value_or("");
  if (value.ends_with('\n'))
    value.pop_back();
  if (value.ends_with('\r'))
    value.pop_back();
  if (value.empty())
    return usage_problem("stdin has no value for " + name);
  return value;
}

std::string unquoted(std::string text) {
  const bool quoted
    = text.size() >= 2 && (text[0] == '"' || text[0] == '\'') && text.back() == text[0];
  return quoted ? text.substr(1, text.size() - 2) : text;
}

caf::error read_file(session& s, const std::string& file, json::object& to) {
  std::ifstream in{s.around().folder / file};
  if (!in)
    return local_problem("unreadable", "cannot read " + file);
  size_t number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.ends_with('\r'))
      line.pop_back();
    line.erase(0, line.find_first_not_of(" \t"));
    if (line.empty() || line[0] == '#')
      continue;
    if (line.starts_with("export "))
      line.erase(0, 7);
    const auto equals = line.find('=');
    if (equals == line.npos || !is_secret_name(line.substr(0, equals)))
      return no_pair(file + ":" + std::to_string(number));
    to[line.substr(0, equals)] = unquoted(line.substr(equals + 1));
  }
  return {};
}

caf::expected<json::object> given_values(session& s, const arguments& args) {
  json::object result;
  for (const auto& file : args.all("env-file"))
    if (auto why = read_file(s, file, result))
      return why;
  bool asked = false;
  for (const auto& pair : args.operands) {
    const auto equals = pair.find('=');
    const auto name = pair.substr(0, equals);
    if (equals == pair.npos || !is_secret_name(name))
      return no_pair("what is set");
    if (pair.substr(equals) != "=-") {
      result[name] = pair.substr(equals + 1);
      continue;
    }
    if (std::exchange(asked, true) && s.around().input)
      return usage_problem("stdin gives one value: use K=- once");
    auto value = hidden_value(s, name);
    if (!value)
      return std::move(value.error());
    result[name] = *value;
  }
  if (result.empty())
    return usage_problem("secret set needs K=V, K=- or --env-file FILE");
  return result;
}

caf::expected<exit_code> change(session& s, const arguments& args, const json::object& body,
                                const std::string& said) {
  const auto target = target_of(s, args);
  if (!target)
    return target.error();
  auto door = s.connect();
  if (!door)
    return std::move(door.error());
  const auto answer = door->command("POST", *target, body);
  if (!answer)
    return answer.error();
  if (s.json())
    s.print_json(*answer);
  s.say(said + " It takes effect with the next deployment.");
  return exit_code::ok;
}

json::array names_of(const arguments& args) {
  json::array result;
  for (const auto& name : args.operands)
    result.emplace_back(name);
  return result;
}

std::string listed(const json::object& values) {
  std::string result;
  for (const auto& x : values)
    result.append(result.empty() ? "" : ", ").append(x.key());
  return result;
}

std::string listed(const arguments& args) {
  std::string result;
  for (const auto& name : args.operands)
    result.append(result.empty() ? "" : ", ").append(name);
  return result;
}

/// Fails when an operand is none: the platform would say so too, but not which.
caf::error check_names(const arguments& args) {
  for (const auto& name : args.operands)
    if (!is_secret_name(name))
      return usage_problem("a secret's name has letters, digits and _, no digit first");
  return {};
}

} // namespace

caf::expected<exit_code> secret_set(session& s, const arguments& args) {
  const auto values = given_values(s, args);
  if (!values)
    return values.error();
  return change(s, args, json::object{{"set", *values}}, "Set " + listed(*values) + ".");
}

caf::expected<exit_code> secret_unset(session& s, const arguments& args) {
  if (auto why = check_names(args))
    return why;
  return change(s, args, json::object{{"unset", names_of(args)}}, "Unset " + listed(args) + ".");
}

caf::expected<exit_code> secret_rotate(session& s, const arguments& args) {
  if (auto why = check_names(args))
    return why;
  return change(s, args, json::object{{"rotate", names_of(args)}}, "Rotated " + listed(args) + ".");
}

caf::expected<exit_code> secret_list(session& s, const arguments& args) {
  const auto target = target_of(s, args);
  if (!target)
    return target.error();
  auto door = s.connect();
  if (!door)
    return std::move(door.error());
  const auto answer = door->get(*target);
  if (!answer)
    return answer.error();
  const auto list = from_json<backendim::secret_list>(*answer);
  if (s.json() || !list) {
    s.print_json(*answer);
    return exit_code::ok;
  }
  std::vector<std::vector<std::string>> rows{{"NAME", "VERSION", "LIVE", "SET BY", "AT"}};
  for (const auto& x : list->items)
    rows.push_back({x.name, "v" + std::to_string(x.version),
                    x.live == 0 ? "-" : "v" + std::to_string(x.live), x.who,
                    std::string{to_json(x.at).as_string()}});
  s.print_text(table_text(rows));
  return exit_code::ok;
}

caf::expected<exit_code> admin_rotate_master_key(session& s, const arguments&) {
  auto door = s.connect();
  if (!door)
    return std::move(door.error());
  const auto answer = door->command("POST", "/v1/master-key/rotate", json::object{});
  if (!answer)
    return answer.error();
  if (s.json()) {
    s.print_json(*answer);
    return exit_code::ok;
  }
  const auto* object = answer->if_object();
  const auto* missed = object ? object->if_contains("missed") : nullptr;
  if (missed && missed->is_array() && !missed->get_array().empty()) {
    s.say("Some apps did not answer and keep the older key, which stays: run it again.");
    return exit_code::failed;
  }
  s.say("Every secret is sealed under a new master key.");
  return exit_code::ok;
}

} // namespace backendim::cli
