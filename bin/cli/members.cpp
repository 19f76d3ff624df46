#include "bin/cli/arguments.hpp"
#include "bin/cli/items.hpp"
#include "bin/cli/problem.hpp"
#include "bin/cli/session.hpp"
#include "bin/cli/tenant_name.hpp"
#include "protocol/role.hpp"
#include "protocol/spelling.hpp"

#include <boost/json.hpp>
#include <boost/mp11/algorithm.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace backendim::cli {

namespace json = boost::json;

namespace {

caf::expected<std::string> given_role(const arguments& args) {
  std::vector<std::string_view> known;
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<role>>(
    [&](auto x) { known.emplace_back(x.name); });
  const auto word = args.value("role");
  if (word && std::ranges::find(known, *word) != known.end())
    return *word;
  if (!word)
    return usage_problem("say which role: --role viewer, developer, admin or owner");
  return usage_problem("there is no role \"" + *word + "\": viewer, developer, admin, owner",
                       std::string{closest_word(*word, known)});
}

std::string member_target(const std::string& tenant, const std::string& user) {
  return "/v1/tenants/" + http::percent_encode(tenant) + "/members/" + http::percent_encode(user);
}

/// The platform, and the tenant that is meant.
struct errand {
  platform door;
  std::string tenant;
};

caf::expected<errand> towards(session& s, const arguments& args) {
  auto door = s.connect();
  if (!door)
    return std::move(door.error());
  auto tenant = tenant_or_own(*door, args);
  if (!tenant)
    return std::move(tenant.error());
  return errand{std::move(*door), std::move(*tenant)};
}

} // namespace

caf::expected<std::string> tenant_or_own(platform& door, const arguments& args) {
  if (auto given = args.value("tenant"))
    return std::move(*given);
  const auto who = door.get("/v1/whoami");
  if (!who)
    return who.error();
  return who->is_object() ? text_at(who->get_object(), "tenant") : std::string{};
}

void show_token(session& s, const json::value& answer, const std::string& url) {
  const auto& x = answer.is_object() ? answer.get_object() : object_at({}, "");
  if (s.json()) {
    s.print_json(answer);
    return;
  }
  const auto user = text_at(x, "user");
  s.print(text_at(x, "token"));
  s.say(user + " is " + text_at(x, "role") + " of " + text_at(x, "tenant")
        + ". The token above is shown this once; give it to " + user + ", who logs in with it:");
  s.say("  backend-im auth login --url " + url + " --token-file FILE");
}

caf::expected<exit_code> members(session& s, const arguments& args) {
  auto to = towards(s, args);
  if (!to)
    return std::move(to.error());
  const auto answer = to->door.get("/v1/tenants/" + http::percent_encode(to->tenant) + "/members");
  if (!answer)
    return answer.error();
  print_items(
    s, *answer, {"USER", "ROLE", "SINCE", "BY"},
    [](const json::object& x) -> std::vector<std::string> {
      return {text_at(x, "user"), text_at(x, "role"), text_at(x, "at"), text_at(x, "who")};
    },
    "Nobody is a member of " + to->tenant + ".");
  return exit_code::ok;
}

/// Sent once: a repeat could not show the token again.
caf::expected<exit_code> members_add(session& s, const arguments& args) {
  const auto as = given_role(args);
  if (!as)
    return as.error();
  auto to = towards(s, args);
  if (!to)
    return std::move(to.error());
  const json::object body{{"user", args.operand(0)}, {"role", *as}};
  const auto answer
    = to->door.post("/v1/tenants/" + http::percent_encode(to->tenant) + "/members", body);
  if (!answer)
    return answer.error();
  show_token(s, *answer, to->door.url());
  return exit_code::ok;
}

caf::expected<exit_code> members_set(session& s, const arguments& args) {
  const auto as = given_role(args);
  if (!as)
    return as.error();
  auto to = towards(s, args);
  if (!to)
    return std::move(to.error());
  const auto user = args.operand(0);
  const auto answer
    = to->door.command("PUT", member_target(to->tenant, user), json::object{{"role", *as}});
  if (!answer)
    return answer.error();
  if (s.json())
    s.print_json(*answer);
  s.say(user + " is " + *as + " of " + to->tenant + " now, with every token.");
  return exit_code::ok;
}

caf::expected<exit_code> members_remove(session& s, const arguments& args) {
  auto to = towards(s, args);
  if (!to)
    return std::move(to.error());
  const auto user = args.operand(0);
  const auto answer = to->door.command("DELETE", member_target(to->tenant, user), json::object{});
  if (!answer)
    return answer.error();
  if (s.json())
    s.print_json(*answer);
  s.say(user + " is no member of " + to->tenant + " any more; every token of " + user
        + " is worth nothing.");
  return exit_code::ok;
}

} // namespace backendim::cli
