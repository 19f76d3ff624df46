#include "adapters/inspect/version.hpp"

#include <algorithm>
#include <charconv>
#include <initializer_list>

namespace backendim::inspection {

namespace {

constexpr version no_end{UINT32_MAX, 0, 0};

/// "v1.2.x": the numbers up to the first wildcard.
struct partial {
  version numbers{};
  int given = 0;
};

std::string_view trimmed(std::string_view text) {
  const auto from = text.find_first_not_of(" \t\r\n");
  if (from == text.npos)
    return {};
  return text.substr(from, text.find_last_not_of(" \t\r\n") - from + 1);
}

std::optional<partial> parse_partial(std::string_view text) {
  text = trimmed(text);
  if (text.starts_with('v') || text.starts_with('='))
    text.remove_prefix(1);
  text = text.substr(0, text.find_first_of("-+")); // a prerelease counts as its release
  partial result;
  if (text.empty())
    return std::nullopt;
  while (true) {
    const auto part = text.substr(0, text.find('.'));
    if (part == "x" || part == "X" || part == "*")
      return result;
    uint32_t number = 0;
    const auto [end, failed] = std::from_chars(part.data(), part.data() + part.size(), number);
    // Below a million, so that adding one never overflows.
    if (failed != std::errc{} || end != part.data() + part.size() || number > 999'999)
      return std::nullopt;
    if (result.given < 3)
      result.numbers[static_cast<size_t>(result.given++)] = number;
    if (part.size() == text.size())
      return result;
    text.remove_prefix(part.size() + 1);
  }
}

/// The first version after all that share the first *count* numbers.
version next_after(version x, int count) {
  if (count <= 0)
    return no_end;
  ++x[static_cast<size_t>(count - 1)];
  for (auto i = static_cast<size_t>(count); i < 3; ++i)
    x[i] = 0;
  return x;
}

version_interval overlap(const version_interval& a, const version_interval& b) {
  return {std::max(a.from, b.from), std::min(a.below, b.below)};
}

version_interval caret(const partial& x) {
  int fixed = 1;
  while (fixed < x.given && x.numbers[static_cast<size_t>(fixed - 1)] == 0)
    ++fixed;
  return {x.numbers, next_after(x.numbers, x.given == 0 ? 0 : fixed)};
}

std::optional<version_interval> compare(std::string_view op, const partial& x) {
  const auto after = next_after(x.numbers, x.given);
  if (op == "" || op == "=" || op == "==" || op == "===")
    return version_interval{x.numbers, after};
  if (op == ">=")
    return version_interval{x.numbers, no_end};
  if (op == ">")
    return version_interval{after, no_end};
  if (op == "<")
    return version_interval{{}, x.numbers};
  if (op == "<=")
    return version_interval{{}, after};
  if (op == "^")
    return caret(x);
  if (op == "~" || op == "~>")
    return version_interval{x.numbers, next_after(x.numbers, std::min(x.given, 2))};
  if (op == "~=") // PEP 440: all but the last number stay
    return version_interval{x.numbers, next_after(x.numbers, x.given - 1)};
  return std::nullopt;
}

size_t operator_length(std::string_view text) {
  return std::min(text.find_first_not_of("<>=~^!"), text.size());
}

/// "^20.1 <21": each blank-separated comparator narrows the result.
std::optional<version_interval> parse_npm_set(std::string_view text) {
  version_interval result;
  text = trimmed(text);
  if (const auto dash = text.find(" - "); dash != text.npos) {
    const auto from = parse_partial(text.substr(0, dash));
    const auto to = parse_partial(text.substr(dash + 3));
    if (!from || !to)
      return std::nullopt;
    return version_interval{from->numbers, next_after(to->numbers, to->given)};
  }
  while (!text.empty()) {
    const auto op = text.substr(0, operator_length(text));
    text = trimmed(text.substr(op.size())); // "> 20" is allowed
    const auto word = text.substr(0, text.find_first_of(" \t,<>"));
    const auto x = parse_partial(word);
    const auto part = x ? compare(op, *x) : std::nullopt;
    if (!part)
      return std::nullopt;
    result = overlap(result, *part);
    text = text.substr(word.size());
    text = text.substr(std::min(text.find_first_not_of(" \t,"), text.size()));
  }
  return result;
}

} // namespace

version_interval version_line::interval() const {
  const version from{major, minor.value_or(0), 0};
  return {from, next_after(from, minor ? 2 : 1)};
}

std::string to_string(const version_line& x) {
  auto result = std::to_string(x.major);
  if (x.minor)
    result += "." + std::to_string(*x.minor);
  return result;
}

std::optional<version_line> parse_line(std::string_view text) {
  const auto x = parse_partial(text);
  if (!x || x->given == 0)
    return std::nullopt;
  version_line result{x->numbers[0], std::nullopt};
  if (x->given > 1)
    result.minor = x->numbers[1];
  return result;
}

std::optional<version_range> parse_exact(std::string_view text) {
  const auto x = parse_partial(text);
  if (!x)
    return std::nullopt;
  return version_range{{{x->numbers, next_after(x->numbers, x->given)}}};
}

std::optional<version_range> parse_npm_range(std::string_view text) {
  version_range result;
  text = trimmed(text);
  for (const std::string_view name : {"lts/*", "lts", "latest", "node", "stable", "current"})
    if (text == name)
      return version_range{{{}}};
  // Code names that .nvmrc may hold; https://github.com/nodejs/release lists them.
  struct lts_name {
    std::string_view name;
    uint32_t major;
  };
  for (const auto& x :
       {lts_name{"lts/gallium", 16}, lts_name{"lts/hydrogen", 18}, lts_name{"lts/iron", 20},
        lts_name{"lts/jod", 22}, lts_name{"lts/krypton", 24}})
    if (text == x.name)
      return version_range{{version_line{x.major, std::nullopt}.interval()}};
  while (true) {
    const auto bar = text.find("||");
    const auto part = parse_npm_set(text.substr(0, bar));
    if (!part)
      return std::nullopt;
    result.any_of.push_back(*part);
    if (bar == text.npos)
      return result;
    text.remove_prefix(bar + 2);
  }
}

std::optional<version_range> parse_python_range(std::string_view text) {
  // Specifiers narrow; "!=" cuts a hole, which splits what is left.
  version_range result{{{}}};
  while (true) {
    const auto comma = text.find(',');
    const auto word = trimmed(text.substr(0, comma));
    if (!word.empty() && word != "*") {
      const auto op = word.substr(0, operator_length(word));
      const auto x = parse_partial(word.substr(op.size()));
      if (!x)
        return std::nullopt;
      version_range narrowed;
      for (const auto& old : result.any_of) {
        if (op == "!=") {
          narrowed.any_of.push_back(overlap(old, {{}, x->numbers}));
          narrowed.any_of.push_back(overlap(old, {next_after(x->numbers, x->given), no_end}));
        } else if (const auto part = compare(op, *x)) {
          narrowed.any_of.push_back(overlap(old, *part));
        } else {
          return std::nullopt;
        }
      }
      std::erase_if(narrowed.any_of, [](const auto& i) { return i.from >= i.below; });
      if (narrowed.any_of.size() > 16)
        return std::nullopt;
      result = std::move(narrowed);
    }
    if (comma == text.npos)
      return result;
    text.remove_prefix(comma + 1);
  }
}

std::optional<version_range> parse_minimum(std::string_view text) {
  const auto x = parse_partial(text);
  if (!x || x->given == 0)
    return std::nullopt;
  return version_range{{{x->numbers, no_end}}};
}

fit fits(const version_line& line, const version_range& range) {
  const auto whole = line.interval();
  auto result = fit::none;
  for (const auto& x : range.any_of) {
    const auto common = overlap(x, whole);
    if (common.from >= common.below)
      continue;
    result = std::max(result, common.below == whole.below ? fit::full : fit::some);
  }
  return result;
}

} // namespace backendim::inspection
