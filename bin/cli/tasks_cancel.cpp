#include "bin/cli/app_name.hpp"
#include "bin/cli/arguments.hpp"
#include "bin/cli/session.hpp"

#include <boost/json.hpp>

namespace backendim::cli {

caf::expected<exit_code> tasks_cancel(session& s, const arguments& args) {
  const auto app = app_or_here(s, args.value("app").value_or(""));
  if (!app)
    return app.error();
  auto door = s.connect();
  if (!door)
    return std::move(door.error());
  const auto id = args.operand(0);
  const auto answer = door->command(
    "DELETE", "/v1/apps/" + http::percent_encode(*app) + "/tasks/" + http::percent_encode(id),
    boost::json::object{});
  if (!answer)
    return answer.error();
  if (s.json())
    s.print_json(*answer);
  s.say("The one-off task " + id + " is ended.");
  return exit_code::ok;
}

} // namespace backendim::cli
