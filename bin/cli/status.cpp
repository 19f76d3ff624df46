#include "bin/cli/app_name.hpp"
#include "bin/cli/arguments.hpp"
#include "bin/cli/deployment_text.hpp"
#include "bin/cli/problem.hpp"
#include "bin/cli/session.hpp"
#include "bin/cli/terminal.hpp"

#include <boost/json.hpp>

#include <string>
#include <vector>

namespace backendim::cli {

namespace json = boost::json;

namespace {

using rows = std::vector<std::vector<std::string>>;

std::string release_text(const json::object& app) {
  const auto* number = object_at(app, "live").if_contains("number");
  return number && number->is_number() ? "v" + json::serialize(*number) : "";
}

/// What an app is doing, in a word.
std::string state_text(const json::object& app) {
  if (!text_at(app, "deploying").empty())
    return "deploying";
  if (app.contains("maintenance"))
    return "maintenance";
  return app.contains("live") ? "live" : "not deployed";
}

/// What becomes of the deployment under way, as far as the platform says.
std::string progress_text(platform& door, const std::string& id) {
  const auto answer = door.get("/v1/deployments/" + http::percent_encode(id));
  if (!answer || !answer->is_object())
    return "";
  const auto& x = answer->get_object();
  auto result = "  " + text_at(x, "state");
  if (const auto waiting = waiting_text(object_at(x, "waiting")); !waiting.empty())
    result += ", " + waiting;
  if (const auto& canary = object_at(x, "canary"); !canary.empty())
    result += ", a canary with " + text_at(canary, "weight") + " for " + canary_text(canary);
  return result;
}

std::string app_text(platform& door, const json::object& app) {
  rows lines{{text_at(app, "app"), state_text(app)}, {"url", text_at(app, "url")}};
  if (const auto* domains = app.if_contains("domains"); domains && domains->is_array())
    for (const auto& domain : domains->get_array())
      if (domain.is_string())
        lines.push_back({"domain", std::string{domain.get_string()}});
  if (const auto& live = object_at(app, "live"); !live.empty()) {
    lines.push_back(
      {"release", release_text(app) + " by " + text_at(live, "who") + ", " + text_at(live, "at")});
    lines.push_back({"image", text_at(live, "image")});
  }
  if (const auto& page = object_at(app, "maintenance"); !page.empty())
    lines.push_back({"maintenance", "by " + text_at(page, "who") + ", " + text_at(page, "since")
                                      + "  " + text_at(page, "message")});
  for (const auto* key : {"deploying", "queued", "latest"})
    if (const auto id = text_at(app, key); !id.empty())
      lines.push_back(
        {key, id + (key == std::string_view{"deploying"} ? progress_text(door, id) : "")});
  return table_text(lines);
}

} // namespace

caf::expected<exit_code> status(session& s, const arguments& args) {
  const auto id = app_or_here(s, args.operand(0));
  if (!id)
    return id.error();
  auto door = s.connect();
  if (!door)
    return std::move(door.error());
  const auto answer = door->get("/status/" + http::percent_encode(*id));
  if (!answer)
    return answer.error();
  if (s.json() || !answer->is_object()) {
    s.print_json(*answer);
    return exit_code::ok;
  }
  const auto& x = answer->get_object();
  s.print_text(x.contains("steps") ? deployment_text(x) : app_text(*door, x));
  return exit_code::ok;
}

caf::expected<exit_code> apps(session& s, const arguments&) {
  auto door = s.connect();
  if (!door)
    return std::move(door.error());
  const auto answer = door->get("/v1/apps");
  if (!answer)
    return answer.error();
  const auto* object = answer->if_object();
  const auto* items = object ? object->if_contains("items") : nullptr;
  if (s.json() || !items || !items->is_array()) {
    s.print_json(*answer);
    return exit_code::ok;
  }
  rows lines{{"APP", "RELEASE", "STATE", "URL"}};
  for (const auto& item : items->get_array())
    if (const auto* x = item.if_object())
      lines.push_back({text_at(*x, "app"), release_text(*x), state_text(*x), text_at(*x, "url")});
  if (lines.size() == 1)
    s.say("There are no apps. In a folder with one: backend-im deploy");
  else
    s.print_text(table_text(lines));
  return exit_code::ok;
}

} // namespace backendim::cli
