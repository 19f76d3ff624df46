#include "bin/cli/app_name.hpp"
#include "bin/cli/arguments.hpp"
#include "bin/cli/items.hpp"
#include "bin/cli/problem.hpp"
#include "bin/cli/session.hpp"
#include "bin/cli/terminal.hpp"
#include "protocol/domain_name.hpp"
#include "protocol/types.hpp"

#include <boost/json.hpp>

#include <string>
#include <utility>
#include <vector>

namespace backendim::cli {

namespace json = boost::json;

namespace {

/// What a verb is about.
struct errand {
  platform door;
  std::string app;
  std::string domain;

  std::string list() const { return "/v1/apps/" + http::percent_encode(app) + "/domains"; }
  std::string target() const { return list() + "/" + http::percent_encode(domain); }
};

/// The platform says the same of a name that is none, but not which operand it was.
caf::expected<std::string> given_domain(const arguments& args) {
  auto name = domain_name(args.operand(0), "");
  if (name)
    return name;
  const auto& why = name.error().context().get_as<decode_error>(0);
  return usage_problem("DOMAIN has to be " + why.expected + "; " + why.found + " is not",
                       why.suggestion);
}

caf::expected<errand> towards(session& s, const arguments& args, std::string domain) {
  const auto app = app_or_here(s, args.value("app").value_or(""));
  if (!app)
    return app.error();
  auto door = s.connect();
  if (!door)
    return std::move(door.error());
  return errand{std::move(*door), *app, std::move(domain)};
}

bool flag_at(const json::object& x, std::string_view key) {
  const auto* found = x.if_contains(json::string_view{key.data(), key.size()});
  return found && found->is_bool() && found->get_bool();
}

std::string listed(const json::object& x, std::string_view key) {
  std::string result;
  const auto* found = x.if_contains(json::string_view{key.data(), key.size()});
  if (found && found->is_array())
    for (const auto& each : found->get_array())
      if (each.is_string())
        result.append(result.empty() ? "" : ", ").append(each.get_string());
  return result;
}

/// What somebody has to do who wants the domain *x*.
void print_steps(session& s, const json::object& x) {
  const auto domain = text_at(x, "domain");
  s.print(domain + " is not verified yet. To prove that it is yours, set this record:");
  s.print_text(table_text(
    {{"  type", "TXT"}, {"  name", text_at(x, "record")}, {"  value", text_at(x, "value")}}));
  s.print("For requests to come in, let it lead here:");
  s.print_text(
    table_text({{"  type", "CNAME"}, {"  name", domain}, {"  value", text_at(x, "host")}}));
  s.print("or with A and AAAA records for this platform's addresses, where a CNAME cannot be.");
  if (flag_at(x, "http"))
    s.print("As long as nobody else on this platform wants it, that is proof enough.");
  s.print("Then: backend-im domain verify " + domain + " --app " + text_at(x, "app"));
}

} // namespace

caf::expected<exit_code> domain_add(session& s, const arguments& args) {
  const auto domain = given_domain(args);
  if (!domain)
    return domain.error();
  auto to = towards(s, args, *domain);
  if (!to)
    return std::move(to.error());
  const auto answer = to->door.command("POST", to->list(), json::object{{"domain", *domain}});
  if (!answer)
    return answer.error();
  if (s.json() || !answer->is_object()) {
    s.print_json(*answer);
    return exit_code::ok;
  }
  const auto& x = answer->get_object();
  if (text_at(x, "state") == "verified")
    s.print(*domain + " is verified and serves " + to->app + ".");
  else
    print_steps(s, x);
  return exit_code::ok;
}

caf::expected<exit_code> domain_verify(session& s, const arguments& args) {
  const auto domain = given_domain(args);
  if (!domain)
    return domain.error();
  auto to = towards(s, args, *domain);
  if (!to)
    return std::move(to.error());
  const auto answer = to->door.command("POST", to->target() + "/verify", json::object{});
  if (!answer)
    return answer.error();
  const auto& x = answer->is_object() ? answer->get_object() : object_at({}, "");
  const bool verified = text_at(object_at(x, "what"), "state") == "verified";
  const auto outcome = verified ? exit_code::ok : exit_code::failed;
  if (s.json() || x.empty()) {
    s.print_json(*answer);
    return outcome;
  }
  s.print(text_at(x, "detail"));
  if (!verified) {
    const auto found = listed(x, "found");
    s.print_text(table_text(
      {{"  expected", text_at(x, "expected")}, {"  found", found.empty() ? "nothing" : found}}));
  }
  if (const auto next = text_at(x, "next"); !next.empty())
    s.print("next: " + next);
  return outcome;
}

caf::expected<exit_code> domain_list(session& s, const arguments& args) {
  auto to = towards(s, args, "");
  if (!to)
    return std::move(to.error());
  const auto answer = to->door.get(to->list());
  if (!answer)
    return answer.error();
  print_items(
    s, *answer, {"DOMAIN", "STATE", "PROOF", "TXT RECORD", "BY", "AT"},
    [](const json::object& x) -> std::vector<std::string> {
      return {text_at(x, "domain"), text_at(x, "state"),
              text_at(x, "proof"),  text_at(x, "record") + " " + text_at(x, "value"),
              text_at(x, "who"),    text_at(x, "at")};
    },
    to->app + " has no domains but its own host. To add one: backend-im domain add DOMAIN");
  return exit_code::ok;
}

caf::expected<exit_code> domain_remove(session& s, const arguments& args) {
  const auto domain = given_domain(args);
  if (!domain)
    return domain.error();
  auto to = towards(s, args, *domain);
  if (!to)
    return std::move(to.error());
  const auto answer = to->door.command("DELETE", to->target(), json::object{});
  if (!answer)
    return answer.error();
  if (s.json())
    s.print_json(*answer);
  s.say(*domain + " has nothing to do with " + to->app + " any more.");
  return exit_code::ok;
}

} // namespace backendim::cli
