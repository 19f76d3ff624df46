#include "bin/cli/arguments.hpp"
#include "bin/cli/items.hpp"
#include "bin/cli/problem.hpp"
#include "bin/cli/session.hpp"
#include "bin/cli/tenant_name.hpp"

#include <boost/json.hpp>

#include <string>
#include <vector>

namespace backendim::cli {

namespace json = boost::json;

caf::expected<exit_code> tenants(session& s, const arguments&) {
  auto door = s.connect();
  if (!door)
    return std::move(door.error());
  const auto answer = door->get("/v1/tenants");
  if (!answer)
    return answer.error();
  print_items(s, *answer, {"TENANT", "MEMBERS", "OWNERS", "CREATED"},
              [](const json::object& x) -> std::vector<std::string> {
                std::string owners;
                if (const auto* all = x.if_contains("owners"); all && all->is_array())
                  for (const auto& owner : all->get_array())
                    if (owner.is_string())
                      owners.append(owners.empty() ? "" : ", ").append(owner.get_string());
                const auto* count = x.if_contains("members");
                return {text_at(x, "tenant"), count ? json::serialize(*count) : "", owners,
                        text_at(x, "created")};
              });
  return exit_code::ok;
}

/// Sent once: a repeat could not show the token again.
caf::expected<exit_code> tenants_create(session& s, const arguments& args) {
  const auto owner = args.value("owner");
  if (!owner)
    return usage_problem("say who owns it: --owner USER");
  auto door = s.connect();
  if (!door)
    return std::move(door.error());
  const json::object body{{"tenant", args.operand(0)}, {"owner", *owner}};
  const auto answer = door->post("/v1/tenants", body);
  if (!answer)
    return answer.error();
  show_token(s, *answer, door->url());
  return exit_code::ok;
}

} // namespace backendim::cli
