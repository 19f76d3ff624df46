#include "bin/cli/arguments.hpp"
#include "bin/cli/problem.hpp"
#include "bin/cli/session.hpp"

#include <boost/json.hpp>

namespace backendim::cli {

namespace json = boost::json;

caf::expected<exit_code> admin_token(session& s, const arguments& args) {
  auto door = s.connect();
  if (!door)
    return std::move(door.error());
  const json::object body{{"user", args.operand(1)},
                          {"tenant", args.operand(0)},
                          {"may", args.value("may").value_or("deploy")}};
  const auto answer = door->post("/v1/tokens", body);
  if (!answer)
    return answer.error();
  if (s.json() || !answer->is_object())
    s.print_json(*answer);
  else
    s.print(text_at(answer->get_object(), "token"));
  return exit_code::ok;
}

} // namespace backendim::cli
