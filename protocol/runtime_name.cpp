#include "protocol/runtime_name.hpp"

#include "protocol/plain_text.hpp"

#include <algorithm>

namespace backendim {

namespace {

constexpr std::string_view separators = "@:";

/// "20", "3.11", "v1.22.4", "20.x" or "20-alpine": a number first, and each number below a million.
bool is_version(std::string_view text) {
  if (text.starts_with('v'))
    text.remove_prefix(1);
  text = text.substr(0, text.find_first_of("-+"));
  for (int count = 0;; ++count) {
    const auto part = text.substr(0, text.find('.'));
    const bool number = !part.empty() && part.size() <= 6
                        && std::ranges::all_of(part, [](char c) { return c >= '0' && c <= '9'; });
    const bool any = count > 0 && (part == "x" || part == "X" || part == "*");
    if (count == 3 || (!number && !any))
      return false;
    if (part.size() == text.size())
      return true;
    text.remove_prefix(part.size() + 1);
  }
}

} // namespace

runtime_name split_runtime(std::string_view text) {
  const auto at = text.find_first_of(separators);
  if (at == text.npos)
    return {std::string{text}, ""};
  return {std::string{text.substr(0, at)}, std::string{text.substr(at + 1)}};
}

std::string plain_runtime(std::string_view text) {
  std::string result{text};
  if (const auto at = result.find_first_of(separators); at != result.npos)
    result[at] = '@';
  return result;
}

const std::vector<std::string_view>& known_languages() {
  static const std::vector<std::string_view> result = {"node", "python", "go", "rust", "static"};
  return result;
}

json_problem problem_in_runtime(std::string_view text) {
  const auto shown = in_quotes(text);
  const auto [language, version] = split_runtime(text);
  if (std::ranges::find(known_languages(), language) == known_languages().end()) {
    const auto unknown = unknown_word(language, known_languages());
    auto close = unknown->suggestion;
    if (!close.empty() && !version.empty())
      close += "@" + version;
    return decode_error{"", "language@version with a language " + unknown->expected, shown, close};
  }
  const bool bare = text.find_first_of(separators) == text.npos;
  if (bare || is_version(version))
    return {};
  return decode_error{"", "language@version, like node@20 or python@3.11", shown, ""};
}

} // namespace backendim
