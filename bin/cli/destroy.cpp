#include "bin/cli/app_name.hpp"
#include "bin/cli/arguments.hpp"
#include "bin/cli/problem.hpp"
#include "bin/cli/session.hpp"

#include <boost/json.hpp>

namespace backendim::cli {

caf::expected<exit_code> destroy(session& s, const arguments& args) {
  const auto app = app_or_here(s, args.operand(0));
  if (!app)
    return app.error();
  auto confirmed = args.value("confirm");
  if (!confirmed && s.around().ask)
    confirmed = s.around().ask("This stops " + *app
                                 + " and forgets its releases. Its name, to "
                                   "confirm: ",
                               false);
  if (!confirmed)
    return usage_problem("destroying " + *app + " needs --confirm " + *app);
  if (*confirmed != *app)
    return usage_problem("\"" + *confirmed + "\" is not \"" + *app + "\": nothing was destroyed");
  auto door = s.connect();
  if (!door)
    return std::move(door.error());
  const auto answer
    = door->command("DELETE", "/v1/apps/" + http::percent_encode(*app), boost::json::object{});
  if (!answer)
    return answer.error();
  if (s.json())
    s.print_json(*answer);
  s.say("Destroyed " + *app + ".");
  return exit_code::ok;
}

caf::expected<exit_code> cancel(session& s, const arguments& args) {
  auto door = s.connect();
  if (!door)
    return std::move(door.error());
  const auto id = args.operand(0);
  const auto answer = door->command(
    "POST", "/v1/deployments/" + http::percent_encode(id) + "/cancel", boost::json::object{});
  if (!answer)
    return answer.error();
  if (s.json())
    s.print_json(*answer);
  const auto* info = answer->if_object();
  s.say("Deployment " + id + " is " + (info ? text_at(*info, "state") : "cancelled") + ".");
  return exit_code::ok;
}

} // namespace backendim::cli
