#include "adapters/inspect/runtimes.hpp"

#include "protocol/error.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace backendim::inspection {

namespace {

/// How many lines an open end like "1.21+" stands for.
constexpr uint32_t open_end = 30;

/// The usual line of a language: the one whose base image every installation has.
version_line usual_line(std::string_view language) {
  if (language == "node")
    return {20, std::nullopt};
  if (language == "python")
    return {3, 11};
  if (language == "go")
    return {1, 25};
  return {1, 96};
}

const std::vector<std::string_view>& plausible_lines() {
  static const std::vector<std::string_view> result
    = {"node@12..26", "python@3.7..3.14", "go@1.16..1.26", "rust@1.56..1.96"};
  return result;
}

/// Node's even lines get long-term support.
bool is_long_term(std::string_view language, const version_line& x) {
  return language != "node" || x.major % 2 == 0;
}

/// How far apart two lines are, for "nearest"; a major version weighs more than any minor.
uint64_t distance(const version_line& a, const version& b) {
  const auto far = [](uint32_t x, uint32_t y) { return uint64_t{x > y ? x - y : y - x}; };
  return far(a.major, b[0]) * 1'000'000 + (a.minor ? far(*a.minor, b[1]) : 0);
}

std::string joined(const std::vector<std::string>& words) {
  std::string result;
  for (const auto& word : words)
    result += (result.empty() ? "" : ", ") + word;
  return result;
}

} // namespace

runtime_catalog::runtime_catalog(const options& x) {
  if (x.hub)
    for (const auto pattern : plausible_lines())
      add(pattern);
  else
    for (const auto& pattern : x.available)
      add(pattern);
}

void runtime_catalog::add(std::string_view pattern) {
  const auto [language, versions] = split_runtime(pattern);
  auto entry = std::ranges::find(languages_, language, &language_entry::name);
  if (entry == languages_.end())
    entry = languages_.insert(entry, {language, {}, {}});
  const bool open = versions.ends_with('+');
  const auto dots = versions.find("..");
  const auto first = parse_line(versions.substr(0, open ? versions.size() - 1 : dots));
  if (!first)
    return; // an operator's typing error: the runtime is then missing, which the user is told
  auto last = *first;
  if (open)
    (last.minor ? *last.minor : last.major) += open_end;
  else if (dots != versions.npos)
    last = parse_line(versions.substr(dots + 2)).value_or(last);
  auto line = *first;
  while (line <= last && entry->lines.size() < 200) {
    entry->lines.push_back(line);
    ++(line.minor ? *line.minor : line.major);
  }
  std::ranges::sort(entry->lines);
  entry->lines.erase(std::unique(entry->lines.begin(), entry->lines.end()), entry->lines.end());
  entry->shown.push_back(open             ? to_string(*first) + " or newer"
                         : last == *first ? to_string(*first)
                                          : to_string(*first) + " to " + to_string(last));
}

caf::expected<chosen_runtime>
runtime_catalog::choose(std::string_view language, const std::optional<version_wish>& wish) const {
  const auto entry = std::ranges::find(languages_, language, &language_entry::name);
  if (entry == languages_.end() || entry->lines.empty()) {
    std::vector<std::string> others;
    for (const auto& x : languages_)
      others.push_back(x.name);
    return make_failure(
      ec::invalid_request,
      {cause::runtime_unavailable, "This platform has no " + std::string{language} + ".",
       wish ? std::vector{wish->where + ": " + wish->text} : std::vector<std::string>{},
       "Use one of " + joined(others) + ", or add a Dockerfile."});
  }
  const auto usual = usual_line(language);
  const version_line* best = nullptr;
  auto best_rank = std::pair{fit::none, -1};
  for (const auto& line : entry->lines) {
    const auto how = wish ? fits(line, wish->range) : fit::full;
    if (how == fit::none)
      continue;
    // Later lines win a tie, so "highest" needs no rank of its own.
    const bool lowest_wins = language == "go" && wish;
    auto rank = std::pair{how, 0};
    if (line == usual && !lowest_wins)
      rank.second = 2;
    else if (is_long_term(language, line) && !lowest_wins)
      rank.second = 1;
    if (best == nullptr || rank > best_rank || (rank == best_rank && !lowest_wins)) {
      best = &line;
      best_rank = rank;
    }
  }
  if (best == nullptr)
    return unavailable(*entry, *wish);
  chosen_runtime result;
  result.line = to_string(*best);
  result.name = entry->name + "@" + result.line;
  result.why = wish ? result.name + " because " + wish->where + " asks for " + wish->text + "."
                    : result.name + " because no version is written down anywhere.";
  return result;
}

caf::error runtime_catalog::unavailable(const language_entry& entry,
                                        const version_wish& wish) const {
  // With several ranges, the one that some line comes closest to.
  const version_line* nearest = nullptr;
  uint64_t least = UINT64_MAX;
  for (const auto& line : entry.lines)
    for (const auto& x : wish.range.any_of) {
      // Whoever gives only an upper bound wants what is just below it.
      const auto& wanted = x.from == version{} ? x.below : x.from;
      if (const auto far = distance(line, wanted); nearest == nullptr || far < least) {
        nearest = &line;
        least = far;
      }
    }
  if (nearest == nullptr)
    nearest = &entry.lines.back();
  const auto name = entry.name + "@" + to_string(*nearest);
  return make_failure(
    ec::invalid_request,
    {cause::runtime_unavailable,
     entry.name + " " + wish.text + " cannot be had here; the nearest is " + name + ".",
     {wish.where + ": asks for " + entry.name + " " + wish.text,
      "available: " + entry.name + " " + joined(entry.shown)},
     "Write " + name + " as runtime in backend-im.yml, change " + wish.where
       + ", or use a Dockerfile."});
}

} // namespace backendim::inspection
