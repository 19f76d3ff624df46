#include "bin/cli/app_name.hpp"
#include "bin/cli/arguments.hpp"
#include "bin/cli/log_reader.hpp"
#include "bin/cli/problem.hpp"
#include "bin/cli/session.hpp"

#include <boost/json.hpp>

namespace backendim::cli {

namespace {

constexpr uint64_t most_lines = 10'000;

/// The deployment whose build log is wanted: the one named, or the latest of the app.
caf::expected<std::string> build_of(platform& door, const std::string& name) {
  if (is_deployment_id(name))
    return name;
  const auto app = door.get("/v1/apps/" + http::percent_encode(name));
  if (!app)
    return app.error();
  const auto latest = app->is_object() ? text_at(app->get_object(), "latest") : "";
  if (latest.empty())
    return local_problem("not_found", name + " has no deployment yet");
  return latest;
}

} // namespace

caf::expected<exit_code> logs(session& s, const arguments& args) {
  const auto tail = args.number("tail", 100, 0, most_lines);
  if (!tail)
    return tail.error();
  const auto deployment = args.operand(1);
  if (!deployment.empty() && !(args.has("build") && is_deployment_id(deployment)))
    return usage_problem("a second operand is the deployment of --build, not " + deployment);
  const auto name = app_or_here(s, deployment.empty() ? args.operand(0) : deployment);
  if (!name)
    return name.error();
  auto door = s.connect();
  if (!door)
    return std::move(door.error());
  const bool follows = args.has("follow");
  log_request what;
  if (args.has("task")) {
    what.target = "/v1/apps/" + http::percent_encode(*name) + "/tasks/"
                  + http::percent_encode(*args.value("task")) + "/logs"
                  + (follows ? "?follow=1" : "");
  } else if (args.has("build") || is_deployment_id(*name)) {
    const auto id = build_of(*door, *name);
    if (!id)
      return id.error();
    what.target
      = "/v1/deployments/" + http::percent_encode(*id) + "/logs" + (follows ? "?follow=1" : "");
  } else {
    const auto path = "/v1/apps/" + http::percent_encode(*name)
                      + "/logs?follow=" + (follows ? "1" : "0") + "&tail=";
    what.target = path + std::to_string(*tail);
    if (follows)
      what.target_again = path + "0";
  }
  const auto end = read_log(
    *door, what,
    [&](const std::string& line) {
      if (s.json())
        s.print_json(boost::json::object{{"type", "line"}, {"line", line}});
      else
        s.print(line);
    },
    [&] {
      if (!what.target_again.empty())
        s.say("-- the connection broke; lines of the meantime may be missing --");
    });
  if (!end)
    return end.error();
  return exit_code::ok;
}

} // namespace backendim::cli
