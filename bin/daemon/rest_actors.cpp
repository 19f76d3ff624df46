#include "bin/daemon/rest.hpp"
#include "protocol/json.hpp"
#include "protocol/kinds.hpp"
#include "protocol/spelling.hpp"
#include "protocol/types.hpp"

#include <boost/json.hpp>

namespace backendim::daemon::rest {

namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

constexpr uint64_t max_page = 1'000;

json::array messages_of(const actor_kind& kind) {
  json::array result;
  for (const auto& x : kind.messages)
    result.push_back({{"type", x.name},
                      {"summary", x.summary},
                      {"needs", boost::describe::enum_to_string(x.needs, "")},
                      {"command", x.command},
                      {"schema", x.schema()},
                      {"reply_schema", x.reply_schema()}});
  return result;
}

} // namespace

answered list_actors(call& x) {
  const auto limit = x.number("limit", 100, max_page);
  if (!limit)
    co_return limit.error();
  json::array items;
  backendim::list_actors page{x.query["prefix"], x.query["after"], max_page};
  bool more = true;
  while (more && items.size() < *limit) {
    auto found = co_await x.parts.actors.actors().bridge().ask_for<actor_list>(
      x.parts.actors.actors().ingress(), page, 10s);
    if (!found)
      co_return std::move(found.error());
    more = found->items.size() == max_page;
    for (const auto& entry : found->items) {
      page.after = entry.path;
      if (!authorize(x.who, entry.path, permission::read))
        items.push_back(to_json(entry));
      if (items.size() == *limit) {
        more = more || &entry != &found->items.back();
        break;
      }
    }
  }
  json::value next;
  if (more && !items.empty())
    next = items.back().as_object().at("path");
  const json::object body{{"items", std::move(items)}, {"next_cursor", std::move(next)}};
  co_await x.answer(200, body);
  co_return caf::none;
}

answered get_actor(call& x) {
  const auto& path = x.path["path"];
  auto state = co_await x.parts.actors.look(x.who, path);
  if (!state)
    co_return std::move(state.error());
  const auto* kind = kind_of(path);
  json::object body{{"path", path}, {"kind", kind->name}, {"parent", parse_path(path)->parent()}};
  body["state"] = std::move(*state);
  body["messages"] = messages_of(*kind);
  co_await x.answer(200, body);
  co_return caf::none;
}

answered send_message(call& x) {
  auto body = co_await x.json_body();
  if (!body)
    co_return std::move(body.error());
  for (const auto& field : *body)
    if (field.key() != "type" && field.key() != "message")
      co_return invalid_request(
        {"/" + std::string{field.key()}, "only type and message", std::string{field.key()},
         std::string{closest_word(std::string_view{field.key()}, {"type", "message"})}});
  const auto* type = body->if_contains("type");
  if (!type || !type->is_string())
    co_return invalid_request(
      {"/type", "the name of a message", type ? "no string" : "nothing", ""});
  const auto* given = body->if_contains("message");
  const json::value message = given ? *given : json::object{};
  auto reply = co_await x.parts.actors.send(
    x.who, x.path["path"], std::string_view{type->get_string()}, message, x.command_id());
  if (!reply)
    co_return std::move(reply.error());
  co_await x.answer(200, *reply);
  co_return caf::none;
}

} // namespace backendim::daemon::rest
