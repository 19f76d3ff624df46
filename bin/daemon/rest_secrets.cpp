#include "actors/app.hpp"
#include "bin/daemon/on_pool.hpp"
#include "bin/daemon/rest.hpp"
#include "protocol/json.hpp"
#include "protocol/secret_use.hpp"
#include "protocol/types.hpp"

#include <boost/json.hpp>
#include <caf/all.hpp>

#include <spdlog/spdlog.h>

namespace backendim::daemon::rest {

namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

constexpr auto deadline = 30s;
constexpr size_t largest_value = 32 << 10;
constexpr size_t fresh_bytes = 32; // of a value that the platform makes up
constexpr uint32_t apps_at_once = 1'000;

std::string path_of(const call& x) {
  return backendim::app_path(x.who.tenant, x.path.at("app")).text;
}

/// A name is repeated only when it looks like one: somebody may have put the value there.
caf::error wrong_name(const std::string& pointer) {
  return invalid_request(
    {pointer, "a name of letters, digits and _, no digit first, at most 64", "something else", ""});
}

caf::expected<std::vector<std::string>> names_at(const json::object& body, std::string_view key) {
  std::vector<std::string> result;
  const auto* list = body.if_contains(key);
  if (!list)
    return result;
  const auto pointer = "/" + std::string{key};
  if (!list->is_array())
    return invalid_request({pointer, "a list of names", "something else", ""});
  for (const auto& name : list->get_array()) {
    if (!name.is_string() || !is_secret_name(std::string_view{name.get_string()}))
      return wrong_name(pointer + "/" + std::to_string(result.size()));
    result.emplace_back(name.get_string());
  }
  return result;
}

/// Values end here: what goes on is sealed.
caf::expected<backendim::change_secrets> sealed(const call& x, const json::object& body) {
  for (const auto& field : body)
    if (field.key() != "set" && field.key() != "unset" && field.key() != "rotate")
      return invalid_request({"", "only set, unset and rotate", "another key", ""});
  auto& keys = *x.parts.keys;
  const auto& app = x.path.at("app");
  backendim::change_secrets result;
  if (const auto* set = body.if_contains("set")) {
    if (!set->is_object())
      return invalid_request({"/set", "an object of names and values", "something else", ""});
    for (const auto& item : set->get_object()) {
      const std::string name{item.key()};
      if (!is_secret_name(name))
        return wrong_name("/set");
      const auto* value = item.value().if_string();
      if (!value || value->empty() || value->size() > largest_value
          || value->find('\0') != value->npos)
        return invalid_request(
          {"/set/" + name,
           "a text of 1 to " + std::to_string(largest_value) + " bytes without a zero",
           "something else", ""});
      result.set.push_back({name, keys.seal({x.who.tenant, app, name}, std::string_view{*value})});
    }
  }
  auto renew = names_at(body, "rotate");
  auto unset = names_at(body, "unset");
  if (!renew || !unset)
    return renew ? std::move(unset.error()) : std::move(renew.error());
  for (const auto& name : *renew) {
    const auto value = x.parts.callers.proof().random_token(fresh_bytes);
    result.renew.push_back({name, keys.seal({x.who.tenant, app, name}, value)});
  }
  result.unset = std::move(*unset);
  if (result.set.empty() && result.renew.empty() && result.unset.empty())
    return invalid_request({"", "a secret to set, unset or rotate", "none", ""});
  result.fingerprint = keys.mark(json::serialize(body));
  result.meta = {x.who.user, x.command_id()};
  return result;
}

/// The newest form of what one app keeps. Returns how many texts were sealed anew.
boost::asio::awaitable<caf::expected<uint64_t>> reseal(call& x, std::string path,
                                                       uint32_t generation) {
  auto& lookup = x.parts.actors.actors();
  const get_sealed_secrets question;
  const auto found = co_await lookup.ask_for<sealed_secrets>(path, question, deadline);
  if (!found && found.error() == ec::not_found)
    co_return uint64_t{0}; // it was destroyed
  if (!found)
    co_return found.error();
  replace_seals change;
  for (const auto& item : found->items) {
    const secret_place place{found->tenant, found->app, item.name};
    const auto value = x.parts.keys->open(place, item.sealed);
    if (!value)
      co_return value.error();
    change.items.push_back({item.sealed, x.parts.keys->seal(place, *value)});
  }
  if (change.items.empty())
    co_return uint64_t{0};
  change.meta = {x.who.user, "master-key-" + std::to_string(generation)};
  const auto count = change.items.size();
  const auto done = co_await lookup.ask_for<secret_list>(path, std::move(change), deadline);
  if (!done && done.error() != ec::not_found)
    co_return done.error();
  co_return uint64_t{count};
}

} // namespace

answered list_secrets(call& x) {
  auto reply = co_await x.parts.actors.send(x.who, path_of(x), "get_secrets", json::object{}, "");
  if (!reply)
    co_return std::move(reply.error());
  co_await x.answer(200, *reply);
  co_return caf::none;
}

answered change_secrets(call& x) {
  const auto path = path_of(x);
  if (!is_name(x.path["app"]))
    co_return invalid_request({"/app",
                               "lower-case letters, digits and dashes, a letter first, at most 40",
                               "something else", ""});
  const auto body = co_await x.json_body();
  if (!body)
    co_return body.error();
  auto command = sealed(x, *body);
  if (!command)
    co_return std::move(command.error());
  const auto reply
    = co_await x.parts.actors.actors().ask_for<secret_list>(path, std::move(*command), deadline);
  if (!reply)
    co_return reply.error();
  const json::value answer = to_json(*reply);
  co_await x.answer(200, answer);
  co_return caf::none;
}

/// The key before the last stays: deployments under way hold copies that it sealed.
answered rotate_master_key(call& x) {
  auto* keys = x.parts.keys.get(); // g++ 12: a lambda in a co_await owns nothing
  const auto generation = co_await on_pool(x.parts.pool, [keys] { return keys->rotate(); });
  if (!generation)
    co_return generation.error();
  auto& lookup = x.parts.actors.actors();
  uint64_t resealed = 0;
  json::array missed;
  backendim::list_actors page{prefix_of(path_kind::app), "", apps_at_once};
  for (bool more = true; more;) {
    const auto found
      = co_await lookup.bridge().ask_for<actor_list>(lookup.ingress(), page, deadline);
    if (!found)
      co_return found.error();
    more = found->items.size() == apps_at_once;
    for (const auto& entry : found->items) {
      page.after = entry.path;
      const auto count = co_await reseal(x, entry.path, *generation);
      if (count) {
        resealed += *count;
      } else {
        spdlog::warn("secrets keep their older master key app={} why=\"{}\"", entry.path,
                     render(count.error()));
        missed.emplace_back(entry.path);
      }
    }
  }
  if (missed.empty() && *generation > 1) {
    const auto kept = *generation - 1;
    const auto forgotten
      = co_await on_pool(x.parts.pool, [keys, kept] { return keys->forget_before(kept); });
    if (!forgotten)
      co_return forgotten.error();
  }
  const json::object answer{
    {"generation", *generation}, {"resealed", resealed}, {"missed", std::move(missed)}};
  co_await x.answer(200, answer);
  co_return caf::none;
}

} // namespace backendim::daemon::rest
