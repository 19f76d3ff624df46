// An app's commands that run once in a container of its live release.

#include "actors/app.hpp"
#include "actors/release_tasks.hpp"
#include "protocol/fingerprint.hpp"
#include "protocol/json.hpp"

#include <algorithm>
#include <ranges>
#include <utility>

namespace backendim {

namespace {

using namespace std::chrono_literals;
using events = std::vector<app_event>;

constexpr uint32_t usual_limit = 3'600; // seconds
constexpr uint32_t longest_limit = 86'400;
constexpr size_t most_words = 256;
constexpr size_t most_bytes = 32 << 10;
constexpr auto busy_retry = 5s;

std::string fingerprint_of(const start_one_off& x) {
  auto copy = x;
  copy.meta = {};
  return fingerprint(std::string{type_name<start_one_off>} + to_json_text(copy));
}

caf::error wrong(std::string pointer, std::string expected, std::string found) {
  return caf::make_error(ec::invalid_request, decode_error{std::move(pointer), std::move(expected),
                                                           std::move(found), ""});
}

caf::error check(const start_one_off& x) {
  if (x.command.empty() || x.command.front().empty())
    return wrong("/command", "a program and its arguments", "nothing");
  size_t bytes = 0;
  for (const auto& word : x.command) {
    bytes += word.size() + 1;
    if (word.find('\0') != word.npos)
      return wrong("/command", "text without a zero byte", "one with it");
  }
  if (x.command.size() > most_words || bytes > most_bytes)
    return caf::make_error(ec::too_large, "a command has at most 256 words and 32 KiB");
  if (x.timeout && (*x.timeout < 1 || *x.timeout > longest_limit))
    return wrong("/timeout", "1 to 86400", std::to_string(*x.timeout));
  return {};
}

one_off_info info_of(const one_off_accepted& x) {
  one_off_info result;
  result.id = x.id;
  result.tenant = x.what.tenant;
  result.app = x.what.app;
  result.release = x.what.release;
  result.command = x.command;
  result.limit = x.limit;
  result.who = x.who;
  result.created = x.at;
  return result;
}

} // namespace

caf::expected<events> decide(const app_state& s, const start_one_off& x, const moment& m) {
  if (x.meta.request_id.empty())
    return caf::make_error(ec::invalid_request, "request_id is empty");
  auto fingerprint = fingerprint_of(x);
  if (auto before = compare_request(s, x.meta.request_id, fingerprint); before != ec::not_found)
    return before ? caf::expected<events>{std::move(before)} : caf::expected<events>{events{}};
  if (auto why = check(x))
    return why;
  if (!s.exists)
    return caf::make_error(ec::not_found, "there is no app " + s.app);
  if (!s.live)
    return caf::make_error(ec::conflict, s.app + " has no live release: deploy it first");
  if (s.one_offs.size() >= max_one_offs)
    return caf::make_error(ec::over_quota,
                           admission_refusal{bottleneck::one_offs,
                                             s.app + " has " + std::to_string(max_one_offs)
                                               + " one-off tasks already; one has to end first.",
                                             busy_retry});
  const std::chrono::seconds limit{x.timeout ? *x.timeout : usual_limit};
  return events{one_off_accepted{
    m.fresh_id, one_off_of(s.tenant, s.app, *s.live, m.fresh_id, x.command), x.command, limit,
    x.meta.request_id, std::move(fingerprint), x.meta.who, m.now}};
}

caf::expected<events> decide(const app_state& s, const conclude_one_off& x, const moment&) {
  if (!s.one_offs.contains(x.what.id))
    return events{}; // heard before
  return events{one_off_concluded{x.what}};
}

void apply(app_state& s, const one_off_accepted& x) {
  s.one_offs.emplace(x.id, x);
  keep_request(s, x.request_id, {x.fingerprint, x.id, x.what.release, x.who, x.at});
}

void apply(app_state& s, const one_off_concluded& x) {
  s.one_offs.erase(x.what.id);
  if (!s.exists)
    return;
  s.ended_one_offs.push_back(x.what);
  if (s.ended_one_offs.size() > kept_one_offs)
    s.ended_one_offs.erase(s.ended_one_offs.begin());
}

caf::expected<one_off_info> answer(const app_state& s, const start_one_off& x) {
  const auto* made = made_by(s, x.meta.request_id);
  if (!made)
    return caf::make_error(ec::internal, "no one-off task of request " + x.meta.request_id);
  if (const auto open = s.one_offs.find(made->deployment); open != s.one_offs.end())
    return info_of(open->second);
  const auto ended = std::ranges::find(s.ended_one_offs, made->deployment, &one_off_info::id);
  if (ended != s.ended_one_offs.end())
    return *ended;
  one_off_info result; // of long ago: task/<tenant>/<id> knows the rest
  result.id = made->deployment;
  result.tenant = s.tenant;
  result.app = s.app;
  result.release = made->release;
  result.command = x.command;
  result.who = made->who;
  result.created = made->at;
  return result;
}

std::vector<one_off_info> one_offs_of(const app_state& s) {
  std::vector<one_off_info> result;
  for (const auto& [id, x] : s.one_offs | std::views::reverse) { // ids sort by age
    result.push_back(info_of(x));
    result.back().state = one_off_state::running;
  }
  result.insert(result.end(), s.ended_one_offs.rbegin(), s.ended_one_offs.rend());
  return result;
}

bool runs_one_off(const app_state& s, const std::string& service) {
  return std::ranges::any_of(s.one_offs,
                             [&](const auto& x) { return x.second.what.service == service; });
}

} // namespace backendim
