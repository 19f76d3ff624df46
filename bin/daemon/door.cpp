#include "bin/daemon/door.hpp"

#include "protocol/json.hpp"
#include "protocol/kinds.hpp"
#include "protocol/spelling.hpp"
#include "protocol/types.hpp"

#include <caf/all.hpp>

namespace backendim::daemon {

namespace asio = boost::asio;
namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

constexpr auto deadline = 30s; // get_changes waits up to 15 s

caf::error no_such_path(const std::string& path) {
  return caf::make_error(ec::not_found, "there is no " + path);
}

caf::error no_such_message(const actor_kind& kind, std::string_view type) {
  std::vector<std::string_view> names;
  for (const auto& x : kind.messages)
    names.push_back(x.name);
  return invalid_request({"/type", "a message that " + std::string{kind.name} + " takes",
                          std::string{type}, std::string{closest_word(type, names)}});
}

} // namespace

asio::awaitable<caf::expected<json::value>>
door::send(const principal& who, const std::string& path, std::string_view type,
           const json::value& body, const std::string& request_id) {
  if (auto refused = authorize(who, path, permission::read))
    co_return refused == ec::not_found ? no_such_path(path) : refused;
  const auto* kind = kind_of(path);
  const auto* message = kind->find(type);
  if (!message)
    co_return no_such_message(*kind, type);
  if (auto refused = authorize(who, path, message->needs))
    co_return refused;
  auto decoded = message->decode(body, who, {who.user, request_id});
  if (!decoded)
    co_return std::move(decoded.error());
  auto reply = co_await actors_.ask(path, *decoded, deadline);
  if (!reply)
    co_return std::move(reply.error());
  co_return message->encode_reply(*reply);
}

asio::awaitable<caf::expected<json::value>> door::look(const principal& who,
                                                       const std::string& path) {
  if (auto refused = authorize(who, path, permission::read))
    co_return refused == ec::not_found ? no_such_path(path) : refused;
  const auto* kind = kind_of(path);
  if (kind->state_query.empty()) {
    const auto found = co_await actors_.find(path);
    if (!found)
      co_return found.error();
    co_return json::value{};
  }
  co_return co_await send(who, path, kind->state_query, json::object{}, "");
}

} // namespace backendim::daemon
