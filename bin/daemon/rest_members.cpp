#include "bin/daemon/rest.hpp"
#include "protocol/json.hpp"
#include "protocol/kinds.hpp"
#include "protocol/spelling.hpp"
#include "protocol/types.hpp"

#include <boost/json.hpp>
#include <caf/all.hpp>

#include <algorithm>

namespace backendim::daemon::rest {

namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

constexpr auto deadline = 30s;

std::string path_of(const call& x) {
  return tenant_path(x.path.at("tenant")).text;
}

/// The token is in this answer and nowhere else.
json::object with_token(const std::string& tenant, const std::string& user, role as,
                        const api_token& token) {
  return {{"tenant", tenant}, {"user", user}, {"role", to_word(as)}, {"token", token.text()}};
}

/// What a body of only texts has at *key*.
caf::expected<std::string> text_of(const json::object& body, std::string_view key) {
  const auto* found = body.if_contains(key);
  if (!found || !found->is_string())
    return invalid_request(
      {"/" + std::string{key}, "a text", found ? "something else" : "nothing", ""});
  return std::string{found->get_string()};
}

answered send_to(call& x, std::string path, std::string_view type, json::object body) {
  auto reply = co_await x.parts.actors.send(x.who, path, type, body, x.command_id());
  if (!reply)
    co_return std::move(reply.error());
  co_await x.answer(200, *reply);
  co_return caf::none;
}

caf::error check_keys(const json::object& body, const std::vector<std::string_view>& known) {
  for (const auto& field : body) {
    const std::string key{field.key()};
    if (std::ranges::find(known, key) == known.end())
      return invalid_request(
        {"/" + key, "a key that this route takes", key, std::string{closest_word(key, known)}});
  }
  return {};
}

} // namespace

answered list_tenants(call& x) {
  auto reply = co_await x.parts.actors.send(x.who, "accounts", "get_tenants", json::object{}, "");
  if (!reply)
    co_return std::move(reply.error());
  co_await x.answer(200, *reply);
  co_return caf::none;
}

answered create_tenant(call& x) {
  const auto body = co_await x.json_body();
  if (!body)
    co_return body.error();
  if (auto wrong = check_keys(*body, {"tenant", "owner"}))
    co_return wrong;
  backendim::create_tenant command;
  for (auto [key, to] : {std::pair{"tenant", &command.tenant}, {"owner", &command.owner}}) {
    auto text = text_of(*body, key);
    if (!text)
      co_return std::move(text.error());
    *to = std::move(*text);
  }
  const auto [token, hash] = co_await x.parts.callers.fresh_token();
  command.token_id = token.id;
  command.hash = hash;
  command.meta = {x.who.user, x.command_id()};
  const auto answer = with_token(command.tenant, command.owner, role::owner, token);
  const std::string path = "accounts";
  const auto made
    = co_await x.parts.actors.actors().ask_for<tenant_entry>(path, std::move(command), deadline);
  if (!made)
    co_return made.error();
  co_await x.answer(201, answer);
  co_return caf::none;
}

answered list_members(call& x) {
  return send_to(x, path_of(x), "get_members", {});
}

/// The member and its token are one event each in one append, so neither is without the other.
/// What carries the token's hash passes no door: it is checked here as the door would.
answered add_member(call& x) {
  const auto path = path_of(x);
  if (auto refused = authorize(x.who, path, permission::administer))
    co_return refused == ec::not_found ? caf::make_error(ec::not_found, "there is no " + path)
                                       : refused;
  const auto body = co_await x.json_body();
  if (!body)
    co_return body.error();
  if (auto wrong = check_keys(*body, {"user", "role"}))
    co_return wrong;
  backendim::add_member command;
  auto user = text_of(*body, "user");
  if (!user)
    co_return std::move(user.error());
  auto word = text_of(*body, "role");
  if (!word)
    co_return std::move(word.error());
  if (auto wrong = json_codec<role>::decode(json::value(*word), command.role, 1)) {
    wrong->pointer = "/role";
    co_return invalid_request(std::move(*wrong));
  }
  command.tenant = x.path["tenant"];
  command.user = std::move(*user);
  const auto [token, hash] = co_await x.parts.callers.fresh_token();
  command.token_id = token.id;
  command.hash = hash;
  command.caller = x.who;
  command.meta = {x.who.user, x.command_id()};
  const auto answer = with_token(command.tenant, command.user, command.role, token);
  const auto accounts = accounts_path().text;
  const auto made
    = co_await x.parts.actors.actors().ask_for<member_info>(accounts, std::move(command), deadline);
  if (!made)
    co_return made.error();
  co_await x.answer(201, answer);
  co_return caf::none;
}

answered set_member(call& x) {
  auto body = co_await x.json_body();
  if (!body)
    co_return std::move(body.error());
  if (auto wrong = check_keys(*body, {"role"}))
    co_return wrong;
  (*body)["user"] = x.path["user"];
  co_return co_await send_to(x, path_of(x), "set_member", std::move(*body));
}

answered remove_member(call& x) {
  json::object body;
  body["user"] = x.path["user"];
  return send_to(x, path_of(x), "remove_member", std::move(body));
}

answered get_quota(call& x) {
  return send_to(x, quota_path(x.path["tenant"]).text, "get_quota", {});
}

answered set_quota(call& x) {
  auto body = co_await x.json_body();
  if (!body)
    co_return std::move(body.error());
  co_return co_await send_to(x, quota_path(x.path["tenant"]).text, "set_quota", std::move(*body));
}

} // namespace backendim::daemon::rest
