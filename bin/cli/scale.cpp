#include "bin/cli/app_name.hpp"
#include "bin/cli/arguments.hpp"
#include "bin/cli/problem.hpp"
#include "bin/cli/session.hpp"
#include "bin/cli/terminal.hpp"

#include <boost/json.hpp>

#include <charconv>
#include <string>
#include <vector>

namespace backendim::cli {

namespace json = boost::json;

namespace {

caf::expected<exit_code> change(session& s, const std::string& app, const std::string& what,
                                const json::object& body, const std::string& said) {
  auto door = s.connect();
  if (!door)
    return std::move(door.error());
  const auto answer
    = door->command("POST", "/v1/apps/" + http::percent_encode(app) + "/" + what, body);
  if (!answer)
    return answer.error();
  if (s.json())
    s.print_json(*answer);
  s.say(said);
  return exit_code::ok;
}

} // namespace

caf::expected<exit_code> scale(session& s, const arguments& args) {
  auto text = args.operand(0);
  if (text.starts_with("web="))
    text = text.substr(4);
  json::object body;
  if (text != "auto") {
    uint32_t replicas = 0;
    const auto* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, replicas);
    if (read.ec != std::errc{} || read.ptr != end)
      return usage_problem("\"" + text + "\" is no number of tasks: write 3, or auto");
    body["replicas"] = replicas;
  }
  const auto app = app_or_here(s, args.value("app").value_or(""));
  if (!app)
    return app.error();
  return change(s, *app, "scale", body,
                text == "auto" ? *app + " has as many tasks as its settings say."
                               : *app + " gets " + text + (text == "1" ? " task." : " tasks."));
}

caf::expected<exit_code> stop(session& s, const arguments& args) {
  const auto app = app_or_here(s, args.operand(0));
  if (!app)
    return app.error();
  return change(s, *app, "stop", {}, *app + " is stopped; its host says so.");
}

caf::expected<exit_code> start(session& s, const arguments& args) {
  const auto app = app_or_here(s, args.operand(0));
  if (!app)
    return app.error();
  return change(s, *app, "start", {}, *app + " is starting.");
}

caf::expected<exit_code> maintenance_on(session& s, const arguments& args) {
  const auto app = app_or_here(s, args.operand(0));
  if (!app)
    return app.error();
  json::object body;
  body["on"] = true;
  if (const auto text = args.value("message"))
    body["message"] = *text;
  return change(s, *app, "maintenance", body, *app + " shows its maintenance page and runs on.");
}

caf::expected<exit_code> maintenance_off(session& s, const arguments& args) {
  const auto app = app_or_here(s, args.operand(0));
  if (!app)
    return app.error();
  json::object body;
  body["on"] = false;
  return change(s, *app, "maintenance", body, "Requests reach " + *app + " again.");
}

caf::expected<exit_code> ps(session& s, const arguments& args) {
  const auto app = app_or_here(s, args.operand(0));
  if (!app)
    return app.error();
  auto door = s.connect();
  if (!door)
    return std::move(door.error());
  const auto answer = door->get("/v1/apps/" + http::percent_encode(*app) + "/tasks");
  if (!answer)
    return answer.error();
  const auto* body = answer->if_object();
  const auto* tasks = body ? body->if_contains("tasks") : nullptr;
  if (s.json() || !tasks || !tasks->is_array()) {
    s.print_json(*answer);
    return exit_code::ok;
  }
  const auto* ready = body->if_contains("ready");
  std::vector<std::vector<std::string>> rows{{"TASK", "STATE", "REQUESTS", "ADDRESS", "SAYS"}};
  for (const auto& item : tasks->get_array()) {
    const auto* x = item.if_object();
    if (!x)
      continue;
    const auto address = text_at(*x, "address");
    bool serves = false;
    if (ready && ready->is_array())
      for (const auto& one : ready->get_array())
        serves = serves || (one.is_string() && one.get_string() == address);
    auto says = text_at(*x, "message");
    if (text_at(*x, "phase") == "failed" && says.empty())
      says = "exit code " + json::serialize(x->at("exit_code"));
    rows.push_back({text_at(*x, "id"), text_at(*x, "phase"), serves ? "yes" : "no", address, says});
  }
  if (rows.size() == 1)
    s.say("Nothing of " + *app + " runs.");
  else
    s.print_text(table_text(rows));
  const auto* one_offs = body->if_contains("one_offs");
  if (!one_offs || !one_offs->is_array() || one_offs->get_array().empty())
    return exit_code::ok;
  rows = {{"ONE-OFF TASK", "STATE", "EXIT CODE", "WHO", "COMMAND"}};
  for (const auto& item : one_offs->get_array()) {
    const auto* x = item.if_object();
    if (!x)
      continue;
    const auto* code = x->if_contains("exit_code");
    std::string command;
    if (const auto* words = x->if_contains("command"); words && words->is_array())
      for (const auto& word : words->get_array())
        if (word.is_string())
          command.append(command.empty() ? "" : " ").append(word.get_string());
    rows.push_back({text_at(*x, "id"), text_at(*x, "state"), code ? json::serialize(*code) : "",
                    text_at(*x, "who"), command});
  }
  s.print("");
  s.print_text(table_text(rows));
  return exit_code::ok;
}

} // namespace backendim::cli
