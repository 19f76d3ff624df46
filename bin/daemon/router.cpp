#include "bin/daemon/router.hpp"

#include "bin/daemon/problem.hpp"
#include "protocol/json.hpp"
#include "protocol/plain_text.hpp"
#include "protocol/role.hpp"
#include "protocol/spelling.hpp"
#include "protocol/types.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <chrono>

namespace backendim::daemon {

namespace asio = boost::asio;
namespace json = boost::json;

namespace {

constexpr size_t json_limit = 1 << 20;

struct parsed_target {
  std::vector<std::string> path;
  std::map<std::string, std::string> query;
};

caf::expected<parsed_target> parse_target(std::string_view target) {
  const auto parsed = boost::urls::parse_origin_form({target.data(), target.size()});
  if (!parsed)
    return caf::make_error(ec::invalid_request,
                           "the request target is not a path with percent-encoding");
  parsed_target result;
  for (const auto segment : parsed->segments())
    result.path.emplace_back(segment.begin(), segment.end());
  for (const auto x : parsed->params())
    result.query.insert_or_assign(std::string{x.key.begin(), x.key.end()},
                                  std::string{x.value.begin(), x.value.end()});
  for (const auto& part : result.path)
    if (plain_text(part) != part)
      return caf::make_error(ec::invalid_request,
                             "the path holds a control character, or a byte that is not UTF-8");
  for (const auto& [name, value] : result.query)
    if (plain_text(name) != name || plain_text(value) != value)
      return caf::make_error(ec::invalid_request,
                             "the query holds a control character, or a byte that is not UTF-8");
  return result;
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> result;
  text.remove_prefix(1);
  for (;;) {
    const auto slash = text.find('/');
    result.push_back(text.substr(0, slash));
    if (slash == text.npos)
      return result;
    text.remove_prefix(slash + 1);
  }
}

/// A route with its pattern taken apart once: each request is held against every one of them.
struct pattern {
  const route* of = nullptr;
  std::vector<std::string_view> parts;
};

const std::vector<pattern>& patterns() {
  static const std::vector<pattern> all = [] {
    std::vector<pattern> result;
    for (const auto& x : routes())
      result.push_back({&x, split(x.pattern)});
    return result;
  }();
  return all;
}

/// Visits each part of the pattern that has a name with the part of the path there, or with the
/// first and the last but one of many. False: the path is another one.
template <class Visit>
bool match(const std::vector<std::string_view>& parts, const std::vector<std::string>& path,
           Visit visit) {
  size_t at = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    const auto part = parts[i];
    if (part.ends_with("...}")) {
      const auto behind = parts.size() - i - 1;
      if (path.size() < at + behind + 1)
        return false;
      visit(part.substr(1, part.size() - 5), at, path.size() - behind);
      at = path.size() - behind;
    } else if (at == path.size()) {
      return false;
    } else if (part.starts_with('{')) {
      if (path[at].empty() || path[at].find('/') != std::string::npos)
        return false;
      visit(part.substr(1, part.size() - 2), at, at + 1);
      ++at;
    } else if (part != path[at++]) {
      return false;
    }
  }
  return at == path.size();
}

bool fits(const pattern& x, const std::vector<std::string>& path) {
  return match(x.parts, path, [](std::string_view, size_t, size_t) {});
}

std::map<std::string, std::string> values_of(const pattern& x,
                                             const std::vector<std::string>& path) {
  std::map<std::string, std::string> result;
  match(x.parts, path, [&](std::string_view name, size_t begin, size_t end) {
    auto& value = result[std::string{name}];
    for (size_t i = begin; i < end; ++i)
      value += (i == begin ? "" : "/") + path[i];
  });
  return result;
}

bool is_key(std::string_view x) {
  return x.size() <= 64 && std::ranges::all_of(x, [](char c) { return c > 0x20 && c < 0x7f; });
}

} // namespace

std::string call::command_id() const {
  const auto key = client.field("Idempotency-Key");
  return std::string{key.empty() ? std::string_view{client.request_id()} : key};
}

asio::awaitable<caf::expected<json::object>> call::json_body() const {
  auto text = co_await client.read_body(json_limit);
  if (!text)
    co_return std::move(text.error());
  if (text->empty())
    co_return json::object{};
  const auto type = client.field("Content-Type");
  if (!type.empty() && type.find("json") == type.npos)
    co_return caf::make_error(ec::invalid_request, "the body has to be application/json");
  auto value = parse_json(*text);
  if (!value)
    co_return std::move(value.error());
  if (!value->is_object())
    co_return invalid_request({"", "an object", std::string{to_string(value->kind())}, ""});
  co_return std::move(value->as_object());
}

const std::string& call::tenant() const {
  const auto named = query.find("tenant");
  return named == query.end() ? who.tenant : named->second;
}

caf::expected<uint64_t> call::number(const std::string& key, uint64_t otherwise,
                                     uint64_t max) const {
  const auto found = query.find(key);
  if (found == query.end())
    return otherwise;
  uint64_t value = 0;
  const auto& text = found->second;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value > max)
    return invalid_request({"?" + key, "a number from 0 to " + std::to_string(max), text, ""});
  return value;
}

asio::awaitable<void> call::answer(unsigned status, const json::value& body,
                                   std::vector<http::header> headers) const {
  http::response result;
  result.status = status;
  result.headers = std::move(headers);
  result.headers.push_back({"Content-Type", "application/json"});
  result.headers.push_back({"Cache-Control", "no-store"});
  result.body = json::serialize(body);
  result.body += '\n';
  return client.respond(std::move(result));
}

std::string routes_markdown() {
  std::string result = "| Route | Message it ends in | Answer |\n|---|---|---|\n";
  for (const auto& x : routes()) {
    result += "| `" + std::string{x.method} + " " + std::string{x.pattern};
    for (size_t i = 0; i < x.keys.size(); ++i)
      result += (i == 0 ? "?" : "&") + std::string{x.keys[i]} + "=";
    result += "` | " + std::string{x.ends_in} + " | " + std::string{x.answer};
    if (x.needs > permission::read)
      result.append("; needs `").append(boost::describe::enum_to_string(x.needs, "")).append("`");
    result += x.open ? "; open |\n" : " |\n";
  }
  return result;
}

asio::awaitable<caf::error> router::serve_route(http::exchange& client, const route*& found) {
  auto target = parse_target(client.target());
  if (!target)
    co_return std::move(target.error());
  const auto method = client.method() == "HEAD" ? std::string_view{"GET"} : client.method();
  const pattern* matched = nullptr;
  std::string allowed;
  for (const auto& x : patterns()) {
    if (!fits(x, target->path))
      continue;
    if (x.of->method == method) {
      matched = &x;
      found = x.of;
      break;
    }
    allowed += (allowed.empty() ? "" : ", ") + std::string{x.of->method};
  }
  if (!found && !allowed.empty()) {
    auto answer
      = problem_as(405, caf::make_error(ec::invalid_request, "this path takes " + allowed),
                   client.request_id()); // RFC 9110: with Allow
    answer.headers.push_back({"Allow", allowed});
    co_await client.respond(std::move(answer));
    co_return caf::none;
  }
  principal who;
  if (!found || !found->open) { // a stranger is not told which paths there are
    auto caller = co_await parts_.callers.check(client.field("Authorization"));
    if (!caller)
      co_return std::move(caller.error());
    who = std::move(*caller);
  }
  if (!found)
    co_return caf::make_error(ec::not_found, "there is no such route; docs/rest.md lists them");
  if (!found->open && who.may < found->needs)
    co_return lacks_permission(who, found->needs);
  for (const auto& [key, value] : target->query)
    if (std::ranges::find(found->keys, key) == found->keys.end())
      co_return invalid_request({"?" + key, "a key that this route takes", key,
                                 std::string{closest_word(key, found->keys)}});
  if (!is_key(client.field("Idempotency-Key")))
    co_return caf::make_error(ec::invalid_request,
                              "Idempotency-Key has to be 1 to 64 visible ASCII characters");
  call x{parts_, client, std::move(who), values_of(*matched, target->path),
         std::move(target->query)};
  co_return co_await found->run(x);
}

asio::awaitable<void> router::serve(http::exchange& client) {
  const auto began = std::chrono::steady_clock::now();
  const route* found = nullptr;
  auto why = co_await serve_route(client, found);
  if (why) {
    auto answer = problem(why, client.request_id());
    if (!client.answered())
      co_await client.respond(std::move(answer));
  }
  const auto took = std::chrono::steady_clock::now() - began;
  parts_.counters.request(found ? found->pattern : "none", client.status(), took);
}

} // namespace backendim::daemon
