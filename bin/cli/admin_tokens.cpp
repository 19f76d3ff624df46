#include "adapters/http/client.hpp"
#include "bin/cli/arguments.hpp"
#include "bin/cli/items.hpp"
#include "bin/cli/problem.hpp"
#include "bin/cli/session.hpp"

#include <boost/json.hpp>

#include <string>
#include <vector>

namespace backendim::cli {

namespace json = boost::json;

caf::expected<exit_code> admin_tokens(session& s, const arguments&) {
  auto door = s.connect();
  if (!door)
    return std::move(door.error());
  const auto answer = door->get("/v1/tokens");
  if (!answer)
    return answer.error();
  print_items(
    s, *answer, {"TOKEN", "USER", "TENANT", "MAY"},
    [](const json::object& x) -> std::vector<std::string> {
      return {text_at(x, "token_id"), text_at(x, "user"), text_at(x, "tenant"), text_at(x, "may")};
    });
  return exit_code::ok;
}

caf::expected<exit_code> admin_tokens_revoke(session& s, const arguments& args) {
  auto door = s.connect();
  if (!door)
    return std::move(door.error());
  const auto id = args.operand(0);
  const auto answer
    = door->command("DELETE", "/v1/tokens/" + http::percent_encode(id), json::object{});
  if (!answer)
    return answer.error();
  if (s.json())
    s.print_json(*answer);
  s.say("Token " + id + " and every session made from it are worth nothing any more.");
  return exit_code::ok;
}

} // namespace backendim::cli
