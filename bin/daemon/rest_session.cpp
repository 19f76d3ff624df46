#include "actors/accounts.hpp"
#include "actors/app.hpp"
#include "bin/daemon/rest.hpp"
#include "protocol/json.hpp"
#include "protocol/types.hpp"
#include "protocol/ulid.hpp"

#include <boost/json.hpp>

#include <chrono>

namespace backendim::daemon::rest {

namespace json = boost::json;

namespace {

constexpr std::chrono::hours session{24 * 30};

json::object all_is_well() {
  return {{"status", "ok"}};
}

/// The caller with the role that its permission amounts to.
json::object told_about(const principal& who) {
  auto result = to_json(who).as_object();
  result["role"] = role_name(who.may);
  return result;
}

} // namespace

answered health(call& x) {
  const auto body = all_is_well();
  co_await x.answer(200, body);
  co_return caf::none;
}

answered ready(call& x) {
  const auto missing = x.parts.not_ready();
  if (!missing.empty())
    co_return caf::make_error(ec::unavailable, missing);
  const auto body = all_is_well();
  co_await x.answer(200, body);
  co_return caf::none;
}

answered show_metrics(call& x) {
  http::response result;
  result.status = 200;
  result.headers = {{"Content-Type", "text/plain; version=0.0.4"}};
  result.body = x.parts.counters.text();
  co_await x.client.respond(std::move(result));
  co_return caf::none;
}

answered log_in(call& x) {
  auto body = co_await x.json_body();
  if (!body)
    co_return std::move(body.error());
  const auto* token = body->if_contains("token");
  if (!token || !token->is_string() || body->size() != 1)
    co_return invalid_request({"/token", "an API token (bim_...) and nothing else", "", ""});
  auto caller = co_await x.parts.callers.check_token(std::string{token->get_string()});
  if (!caller)
    co_return std::move(caller.error());
  const auto expires = std::chrono::system_clock::now() + session;
  auto jwt = x.parts.callers.proof().issue(caller->proved, session);
  if (!jwt)
    co_return std::move(jwt.error());
  auto answer = told_about(caller->who);
  answer["token"] = *jwt;
  answer["expires"] = to_json(caf::timestamp{expires});
  co_await x.answer(200, answer);
  co_return caf::none;
}

answered whoami(call& x) {
  const auto body = told_about(x.who);
  co_await x.answer(200, body);
  co_return caf::none;
}

/// The secret is in this answer and nowhere else: a repeat makes another token.
answered create_token(call& x) {
  auto body = co_await x.json_body();
  if (!body)
    co_return std::move(body.error());
  auto owner = from_json<principal>(*body);
  if (!owner)
    co_return std::move(owner.error());
  if (!is_name(owner->user))
    co_return invalid_request({"/user",
                               "lower-case letters, digits and dashes, a letter first, at most 40",
                               "\"" + owner->user + "\"", ""});
  if (!is_tenant_name(owner->tenant))
    co_return invalid_request({"/tenant",
                               "lower-case letters and digits, a letter first, at most 40",
                               "\"" + owner->tenant + "\"", ""});
  const api_token token{make_ulid(), x.parts.callers.proof().random_token(24)};
  const auto made = co_await x.parts.callers.admit(*owner, token, x.who.user);
  if (!made)
    co_return made.error();
  auto answer = to_json(*owner).as_object();
  answer["token"] = token.text();
  co_await x.answer(201, answer);
  co_return caf::none;
}

answered list_tokens(call& x) {
  const json::object nothing;
  auto reply = co_await x.parts.actors.send(x.who, "accounts", "get_tokens", nothing, "");
  if (!reply)
    co_return std::move(reply.error());
  co_await x.answer(200, *reply);
  co_return caf::none;
}

answered revoke_token(call& x) {
  json::object body;
  body["token_id"] = x.path["id"];
  auto reply
    = co_await x.parts.actors.send(x.who, "accounts", "revoke_token", body, x.command_id());
  if (!reply)
    co_return std::move(reply.error());
  co_await x.answer(200, *reply);
  co_return caf::none;
}

} // namespace backendim::daemon::rest
