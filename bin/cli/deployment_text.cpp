#include "bin/cli/deployment_text.hpp"

#include "bin/cli/problem.hpp"
#include "bin/cli/terminal.hpp"
#include "protocol/json_codec.hpp"

#include <boost/json.hpp>

#include <vector>

namespace backendim::cli {

namespace json = boost::json;
using namespace std::chrono_literals;

std::optional<std::chrono::milliseconds> time_between(const std::string& from,
                                                      const std::string& to) {
  const auto begin = parse_timestamp(from);
  const auto end = parse_timestamp(to);
  if (!begin || !end)
    return std::nullopt;
  return std::chrono::duration_cast<std::chrono::milliseconds>(*end - *begin);
}

std::string rough_text(std::chrono::milliseconds x) {
  const auto seconds = std::max<int64_t>(1, (x.count() + 999) / 1'000);
  constexpr int64_t minute = 60, hour = 60 * minute, day = 24 * hour;
  if (seconds < 90)
    return std::to_string(seconds) + "s";
  if (seconds < 2 * hour)
    return std::to_string(seconds / minute) + " min";
  return seconds < 2 * day ? std::to_string(seconds / hour) + " h"
                           : std::to_string(seconds / day) + " days";
}

std::string waiting_text(const json::object& waiting) {
  const auto number = [&](const char* key) -> int64_t {
    const auto* x = waiting.if_contains(key);
    return x && x->is_int64() ? x->get_int64() : 0;
  };
  const auto position = number("position");
  if (position <= 0)
    return "";
  const bool teen = position % 100 / 10 == 1;
  const auto last = teen ? 0 : position % 10;
  const auto* ending = last == 1 ? "st" : last == 2 ? "nd" : last == 3 ? "rd" : "th";
  auto result = "waiting for a build slot, " + std::to_string(position) + ending;
  if (waiting.contains("estimated_wait"))
    result += ", about " + rough_text(std::chrono::milliseconds{number("estimated_wait")});
  if (const auto detail = text_at(waiting, "detail"); !detail.empty())
    result += "; held back: " + detail;
  return result;
}

std::string canary_text(const json::object& x) {
  const auto number = [](const json::object& from, const char* key) {
    const auto* found = from.if_contains(key);
    return found && found->is_number() ? json::serialize(*found) : std::string{"0"};
  };
  const auto& canary = object_at(x, "canary");
  const auto& stable = object_at(x, "stable");
  const auto* observed = x.if_contains("observed");
  const auto time
    = observed && observed->is_int64() ? std::chrono::milliseconds{observed->get_int64()} : 0ms;
  return elapsed_text(time) + ": " + number(canary, "failed") + " of " + number(canary, "requests")
         + " requests failed, of the others " + number(stable, "failed") + " of "
         + number(stable, "requests");
}

json::object deployment_problem(const json::object& failure, const std::string& id) {
  return {{"code", text_at(failure, "code")},
          {"detail", text_at(failure, "message")},
          {"failure", failure},
          {"deployment", id}};
}

std::string deployment_text(const json::object& x) {
  std::vector<std::vector<std::string>> lines{
    {text_at(x, "id"), text_at(x, "state")},
    {"app", text_at(x, "app")},
    {"url", text_at(x, "url")},
    {"by", text_at(x, "who") + ", " + text_at(x, "created")},
  };
  if (const auto image = text_at(x, "image"); !image.empty())
    lines.push_back({"image", image});
  if (const auto by = text_at(x, "superseded_by"); !by.empty())
    lines.push_back({"replaced by", by});
  const auto waiting = waiting_text(object_at(x, "waiting"));
  if (const auto* steps = x.if_contains("steps"); steps && steps->is_array())
    for (const auto& item : steps->get_array())
      if (const auto* step = item.if_object()) {
        const auto took = time_between(text_at(*step, "began"), text_at(*step, "ended"));
        auto text = took              ? elapsed_text(*took)
                    : waiting.empty() ? std::string{"under way"}
                                      : waiting;
        if (const auto* attempts = step->if_contains("attempts"); attempts && *attempts != 1)
          text += ", attempt " + json::serialize(*attempts);
        if (const auto why = text_at(object_at(*step, "why"), "message"); !why.empty())
          text += ": " + why;
        lines.push_back({text_at(*step, "step"), std::move(text)});
      }
  if (const auto& canary = object_at(x, "canary"); !canary.empty()) {
    lines.push_back({"canary", text_at(canary, "weight") + " for " + canary_text(canary)});
    if (const auto at = text_at(canary, "promoted"); !at.empty()) {
      const auto by = text_at(canary, "promoted_by");
      lines.push_back({"promoted", (by.empty() ? "" : "by " + by + ", ") + at});
    }
  }
  auto result = table_text(lines);
  if (const auto& failure = object_at(x, "error"); !failure.empty())
    result += problem_text(deployment_problem(failure, ""), false);
  return result;
}

} // namespace backendim::cli
