#include "bin/cli/app_name.hpp"
#include "bin/cli/arguments.hpp"
#include "bin/cli/deployment_follower.hpp"
#include "bin/cli/items.hpp"
#include "bin/cli/problem.hpp"
#include "bin/cli/session.hpp"

#include <boost/json.hpp>

#include <charconv>
#include <optional>
#include <string>
#include <vector>

namespace backendim::cli {

namespace json = boost::json;

namespace {

std::string path_of(const std::string& app, const std::string& what) {
  return "/v1/apps/" + http::percent_encode(app) + what;
}

/// "v12" or "12".
std::optional<uint32_t> release_number(std::string_view text) {
  if (text.starts_with('v'))
    text.remove_prefix(1);
  uint32_t result = 0;
  const auto* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, result);
  if (read.ec != std::errc{} || read.ptr != end || result == 0)
    return std::nullopt;
  return result;
}

caf::error no_number(const std::string& text) {
  return usage_problem("\"" + text + "\" is no release: write v12");
}

std::string number_text(const json::object& x, const char* key) {
  const auto* number = x.if_contains(key);
  return number && number->is_number() ? "v" + json::serialize(*number) : "";
}

/// What a release was made of, in a few words.
std::string origin_text(const json::object& release) {
  const auto& source = object_at(release, "source");
  if (const auto copied = number_text(source, "release"); !copied.empty())
    return "copy of " + copied;
  if (const auto git = text_at(source, "git"); !git.empty())
    return git + (text_at(source, "ref").empty() ? "" : "#" + text_at(source, "ref"));
  return "upload";
}

caf::expected<exit_code> deploy_again(session& s, const arguments& args, const std::string& app,
                                      const std::string& what, const json::object& body) {
  const auto options = read_follow_options(args);
  if (!options)
    return options.error();
  auto door = s.connect();
  if (!door)
    return std::move(door.error());
  progress shown{s};
  const auto made = door->command("POST", path_of(app, what), body);
  if (!made)
    return made.error();
  return follow_accepted(s, *door, shown, *made, *options, args.has("detach"));
}

} // namespace

caf::expected<exit_code> releases(session& s, const arguments& args) {
  const auto app = app_or_here(s, args.operand(0));
  if (!app)
    return app.error();
  auto door = s.connect();
  if (!door)
    return std::move(door.error());
  const auto answer = door->get(path_of(*app, "/releases"));
  if (!answer)
    return answer.error();
  const auto& list = answer->is_object() ? answer->get_object() : object_at({}, "");
  print_items(
    s, *answer, {"RELEASE", "STATE", "MADE OF", "BY", "AT"},
    [&](const json::object& x) -> std::vector<std::string> {
      const auto number = number_text(x, "number");
      const auto* state = x.contains("reverted")                   ? "taken back"
                          : number == number_text(list, "live")    ? "live"
                          : number == number_text(list, "standby") ? "standby"
                                                                   : "";
      return {number, state, origin_text(x), text_at(x, "who"), text_at(x, "at")};
    },
    "No release of " + *app + " went live yet.");
  return exit_code::ok;
}

caf::expected<exit_code> diff(session& s, const arguments& args) {
  const auto from = release_number(args.operand(0)), to = release_number(args.operand(1));
  if (!from || !to)
    return no_number(args.operand(from ? 1 : 0));
  const auto app = app_or_here(s, args.value("app").value_or(""));
  if (!app)
    return app.error();
  auto door = s.connect();
  if (!door)
    return std::move(door.error());
  const auto answer = door->get(
    path_of(*app, "/releases/diff?from=" + std::to_string(*from) + "&to=" + std::to_string(*to)));
  if (!answer)
    return answer.error();
  print_items(
    s, *answer, {"SETTING", "v" + std::to_string(*from), "v" + std::to_string(*to)},
    [](const json::object& x) -> std::vector<std::string> {
      return {text_at(x, "pointer"), text_at(x, "from"), text_at(x, "to")};
    },
    "They do not differ.");
  return exit_code::ok;
}

caf::expected<exit_code> rollback(session& s, const arguments& args) {
  json::object body;
  if (const auto text = args.operand(0); !text.empty()) {
    const auto number = release_number(text);
    if (!number)
      return no_number(text);
    body["to"] = *number;
  }
  const auto app = app_or_here(s, args.value("app").value_or(""));
  if (!app)
    return app.error();
  return deploy_again(s, args, *app, "/rollback", body);
}

caf::expected<exit_code> redeploy(session& s, const arguments& args) {
  const auto app = app_or_here(s, args.operand(0));
  if (!app)
    return app.error();
  return deploy_again(s, args, *app, "/redeploy", {});
}

caf::expected<exit_code> promote(session& s, const arguments& args) {
  const auto app = app_or_here(s, args.operand(0));
  if (!app)
    return app.error();
  const auto options = read_follow_options(args);
  if (!options)
    return options.error();
  auto door = s.connect();
  if (!door)
    return std::move(door.error());
  const auto known = door->get(path_of(*app, ""));
  if (!known)
    return known.error();
  const auto id = known->is_object() ? text_at(known->get_object(), "deploying") : std::string{};
  if (id.empty())
    return local_problem("conflict", "no deployment of " + *app
                                       + " is under way: there is no canary to promote");
  progress shown{s};
  const auto promoted = door->command(
    "POST", "/v1/deployments/" + http::percent_encode(id) + "/promote", json::object{});
  if (!promoted)
    return promoted.error();
  return follow_accepted(s, *door, shown, *promoted, *options, args.has("detach"));
}

} // namespace backendim::cli
