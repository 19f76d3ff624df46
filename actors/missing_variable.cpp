#include "actors/missing_variable.hpp"

#include <algorithm>
#include <initializer_list>

namespace backendim {

namespace {

using words = std::initializer_list<std::string_view>;

bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}

bool is_of_name(char c) {
  return is_upper(c) || (c >= '0' && c <= '9') || c == '_';
}

char lower(char c) {
  return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
}

/// Takes one of *all* from the front of *text*.
bool take(std::string_view& text, words all) {
  for (const auto word : all)
    if (text.starts_with(word)) {
      text.remove_prefix(word.size());
      return true;
    }
  return false;
}

/// The name at the front of *text*, of *least* characters.
std::string_view name_in_front(std::string_view text, size_t least) {
  if (text.empty() || !is_upper(text.front()))
    return {};
  const auto end = std::ranges::find_if_not(text, is_of_name);
  const auto length = static_cast<size_t>(end - text.begin());
  return length < least ? std::string_view{} : text.substr(0, length);
}

/// KeyError: 'NAME', as Python says it.
std::string_view missing_key(std::string_view line) {
  constexpr std::string_view begin = "KeyError: '";
  for (auto at = line.find(begin); at != line.npos; at = line.find(begin, at + 1)) {
    const auto rest = line.substr(at + begin.size());
    const auto name = name_in_front(rest, 2);
    if (!name.empty() && rest.substr(name.size()).starts_with('\''))
      return name;
  }
  return {};
}

/// NAME is not set.
std::string_view name_that_is_missing(std::string_view line) {
  while (!line.empty()) {
    line.remove_prefix(static_cast<size_t>(std::ranges::find_if(line, is_upper) - line.begin()));
    const auto name = name_in_front(line, 1);
    auto rest = line.substr(name.size());
    line = rest;
    if (name.size() < 3 || !take(rest, {" "}))
      continue;
    take(rest, {"environment variable "});
    if (take(rest, {"is ", "must be ", "was "})
        && take(rest, {"not set", "not defined", "missing", "required", "undefined", "set"}))
      return name;
  }
  return {};
}

/// ... environment variable(s): "NAME".
std::string_view name_behind_what_it_is(std::string_view line) {
  constexpr std::string_view what = "environment variable";
  const auto same = [](char a, char b) { return lower(a) == b; };
  for (;;) {
    const auto found = std::ranges::search(line, what, same);
    if (found.empty())
      return {};
    line = {found.end(), line.end()};
    auto rest = line;
    take(rest, {"s"});
    take(rest, {":"});
    if (!take(rest, {" "}))
      continue;
    take(rest, {"'", "\"", "`"});
    if (const auto name = name_in_front(rest, 2); !name.empty())
      return name;
  }
}

/// Missing NAME.
std::string_view name_behind_a_complaint(std::string_view line) {
  for (; !line.empty(); line.remove_prefix(1)) {
    auto rest = line;
    if (take(rest, {"Missing ", "missing ", "Please set ", "please set ", "Set the ", "set the ",
                    "Required: ", "required: ", "Required ", "required "}))
      if (const auto name = name_in_front(rest, 3); !name.empty())
        return name;
  }
  return {};
}

} // namespace

std::string missing_variable(std::string_view line) {
  for (const auto look :
       {missing_key, name_that_is_missing, name_behind_what_it_is, name_behind_a_complaint})
    if (const auto name = look(line); !name.empty())
      return std::string{name};
  return {};
}

} // namespace backendim
