#include "protocol/app_name.hpp"

#include <algorithm>

namespace backendim {

namespace {

constexpr size_t longest = 40;

bool is_letter(char c) {
  return c >= 'a' && c <= 'z';
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

} // namespace

bool is_name(const std::string& x) {
  return !x.empty() && x.size() <= longest && is_letter(x.front()) && x.back() != '-'
         && std::ranges::all_of(x, [](char c) { return is_letter(c) || is_digit(c) || c == '-'; });
}

std::string valid_name(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (is_letter(lower) || (is_digit(lower) && !result.empty()))
      result += lower;
    else if (!result.empty() && result.back() != '-')
      result += '-';
  }
  result = result.substr(0, longest);
  while (result.ends_with('-'))
    result.pop_back();
  return result;
}

} // namespace backendim
