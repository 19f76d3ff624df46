#include "bin/cli/app_name.hpp"
#include "bin/cli/arguments.hpp"
#include "bin/cli/problem.hpp"
#include "bin/cli/random_key.hpp"
#include "bin/cli/session.hpp"
#include "bin/cli/task_follower.hpp"

#include <boost/json.hpp>

namespace backendim::cli {

namespace json = boost::json;

namespace {

constexpr uint64_t longest = 86'400; // seconds

} // namespace

caf::expected<exit_code> run(session& s, const arguments& args) {
  const auto began = std::chrono::steady_clock::now();
  const auto limit = args.number("timeout", 0, 1, longest);
  if (!limit)
    return limit.error();
  const auto app = app_or_here(s, args.value("app").value_or(""));
  if (!app)
    return app.error();
  json::object body{{"command", json::array(args.operands.begin(), args.operands.end())}};
  if (*limit > 0)
    body["timeout"] = *limit;
  auto door = s.connect();
  if (!door)
    return std::move(door.error());
  const auto key = random_key();
  const auto made = door->patiently(
    [&] { return door->post("/v1/apps/" + http::percent_encode(*app) + "/tasks", body, key); }, {},
    [&](const json::object& busy) {
      s.say("not taken yet, trying again: " + text_at(busy, "detail"));
    });
  if (!made)
    return made.error();
  const auto* info = made->if_object();
  if (!info || text_at(*info, "id").empty())
    return local_problem("strange_answer", door->url() + " gave no task");
  const auto id = text_at(*info, "id");
  if (s.json())
    s.print_json(json::object{{"type", "task"},
                              {"task", id},
                              {"app", *app},
                              {"release", info->contains("release") ? info->at("release") : 0},
                              {"state", text_at(*info, "state")}});
  else if (args.has("detach"))
    s.print(id);
  if (args.has("detach"))
    return exit_code::ok;
  return task_follower{s, *door, *app, *info, began}.run();
}

} // namespace backendim::cli
