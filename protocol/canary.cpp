#include "protocol/canary.hpp"

#include "protocol/bounds.hpp"
#include "protocol/plain_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace backendim {

namespace {

using namespace std::chrono_literals;
using std::chrono::seconds;
using problem = std::optional<decode_error>;

constexpr seconds longest = 30 * 24h;
constexpr seconds longest_trial = 24h;
constexpr seconds longest_wait = 7 * 24h;

struct unit {
  std::string_view name;
  seconds length;
};
constexpr std::array<unit, 5> units{{{"", 1s}, {"s", 1s}, {"m", 1min}, {"h", 1h}, {"d", 24h}}};

problem wrong(std::string pointer, std::string expected, std::string found,
              std::string suggestion = "") {
  return decode_error{std::move(pointer), std::move(expected), std::move(found),
                      std::move(suggestion)};
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// *text* without spaces and in lower case, for those who write "10 %" or "5 M".
std::string squeezed(std::string_view text) {
  std::string result;
  for (const char c : text)
    if (c != ' ')
      result += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return result;
}

problem check_share(const std::string& pointer, const caf::optional<std::string>& x, uint32_t least,
                    uint32_t most) {
  if (!x)
    return {};
  const auto fits = [&](std::string_view text) {
    const auto share = parse_share(text);
    return share && *share >= least && *share <= most;
  };
  if (fits(*x))
    return {};
  const auto close = squeezed(*x);
  return wrong(pointer,
               "a percentage from " + share_text(least) + " to " + share_text(most) + ", like 10%",
               in_quotes(*x), close != *x && fits(close) ? close : "");
}

/// "45m" rather than "2700s".
std::string duration_text(seconds x) {
  for (auto at = units.rbegin(); at != units.rend(); ++at)
    if (!at->name.empty() && x % at->length == 0s)
      return std::to_string(x / at->length) + std::string{at->name};
  return {};
}

problem check_duration(const std::string& pointer, const caf::optional<std::string>& x,
                       seconds least, seconds most) {
  if (!x)
    return {};
  const auto fits = [&](std::string_view text) {
    const auto time = parse_duration(text);
    return time && *time >= least && *time <= most;
  };
  if (fits(*x))
    return {};
  auto close = squeezed(*x);
  for (const std::string_view ending :
       {"seconds", "second", "sec", "minutes", "minute", "min", "hours", "hour", "days", "day"})
    if (close.ends_with(ending)) {
      close.resize(close.size() - ending.size() + 1);
      break;
    }
  return wrong(pointer,
               "a time from " + duration_text(least) + " to " + duration_text(most)
                 + ", like 90s or 10m",
               in_quotes(*x), close != *x && fits(close) ? close : "");
}

problem check_canary(const canary_config& x) {
  auto found = check_share("/canary/weight", x.weight, 1, whole_share - 1);
  if (!found)
    found = check_duration("/canary/duration", x.duration, 1s, longest_trial);
  if (!found)
    found = check_share("/canary/max_error_rate", x.max_error_rate, 0, whole_share);
  if (!found)
    found = inside("canary", problem_in_numbers(x));
  if (!found && x.promote_deadline && x.auto_promote.value_or(true))
    found = wrong("/canary/promote_deadline",
                  "auto_promote: false beside it, or no promote_deadline: nobody is waited for",
                  in_quotes(*x.promote_deadline));
  if (!found)
    found = check_duration("/canary/promote_deadline", x.promote_deadline, 1s, longest_wait);
  const auto terms = terms_of(x);
  if (!found && !terms.auto_promote && terms.promote_deadline < terms.duration)
    found = wrong(x.promote_deadline ? "/canary/promote_deadline" : "/canary",
                  "a promote_deadline that is not before the duration, "
                    + duration_text(terms.duration),
                  duration_text(terms.promote_deadline));
  return found;
}

} // namespace

std::optional<uint32_t> parse_share(std::string_view text) {
  if (text.ends_with('%'))
    text.remove_suffix(1);
  const auto dot = text.find('.');
  const auto whole = text.substr(0, dot);
  auto fraction = dot == text.npos ? std::string{} : std::string{text.substr(dot + 1)};
  if (whole.empty() || whole.size() > 3 || !std::ranges::all_of(whole, is_digit)
      || (dot != text.npos && fraction.empty()) || fraction.size() > 2
      || !std::ranges::all_of(fraction, is_digit))
    return std::nullopt;
  fraction.resize(2, '0');
  const auto digits = std::string{whole} + fraction;
  uint32_t result = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), result);
  if (result > whole_share)
    return std::nullopt;
  return result;
}

std::string share_text(uint32_t share) {
  auto result = std::to_string(share / 100);
  if (const auto rest = share % 100; rest != 0) {
    result += "." + std::to_string(rest / 10);
    if (rest % 10 != 0)
      result += std::to_string(rest % 10);
  }
  return result + "%";
}

std::optional<seconds> parse_duration(std::string_view text) {
  uint32_t count = 0;
  const auto* end = text.data() + text.size();
  const auto [rest, failed] = std::from_chars(text.data(), end, count);
  if (failed != std::errc{})
    return std::nullopt;
  const std::string_view name{rest, static_cast<size_t>(end - rest)};
  const auto found = std::ranges::find(units, name, &unit::name);
  if (found == units.end() || count > longest / found->length)
    return std::nullopt;
  return count * found->length;
}

canary_terms terms_of(const canary_config& x) {
  canary_terms result;
  if (x.weight)
    result.weight = parse_share(*x.weight).value_or(result.weight);
  if (x.duration)
    result.duration = parse_duration(*x.duration).value_or(result.duration);
  if (x.max_error_rate)
    result.max_error_rate = parse_share(*x.max_error_rate).value_or(result.max_error_rate);
  result.min_requests = x.min_requests.value_or(result.min_requests);
  result.auto_promote = x.auto_promote.value_or(true);
  if (x.promote_deadline)
    result.promote_deadline = parse_duration(*x.promote_deadline).value_or(result.promote_deadline);
  return result;
}

std::optional<canary_terms> canary_of(const app_config& config) {
  if (!config.deploy || config.deploy->strategy != deploy_strategy::canary)
    return std::nullopt;
  return terms_of(config.deploy->canary ? *config.deploy->canary : canary_config{});
}

std::optional<decode_error> problem_in_strategy(const deploy_config& x) {
  if (!x.canary)
    return {};
  if (x.strategy != deploy_strategy::canary)
    return wrong("/canary", "strategy: canary beside it",
                 x.strategy ? "strategy: rolling" : "no strategy");
  return check_canary(*x.canary);
}

} // namespace backendim
