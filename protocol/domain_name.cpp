#include "protocol/domain_name.hpp"

#include "protocol/error.hpp"
#include "protocol/json.hpp"

#include <algorithm>
#include <utility>

namespace backendim {

namespace {

constexpr size_t longest_name = 253; // RFC 1035, without the dot at the end
constexpr size_t longest_label = 63;
constexpr size_t shown = 100;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_letter_or_digit(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z');
}

/// RFC 1123: letters, digits and dashes, no dash at an end.
bool is_label(std::string_view x) {
  return !x.empty() && x.size() <= longest_label && is_letter_or_digit(x.front())
         && is_letter_or_digit(x.back())
         && std::ranges::all_of(x, [](char c) { return is_letter_or_digit(c) || c == '-'; });
}

/// The host of what looks like a URL, or nothing.
std::string host_in(std::string_view text) {
  const auto scheme = text.find("://");
  if (scheme == text.npos)
    return {};
  text.remove_prefix(scheme + 3);
  return std::string{text.substr(0, text.find_first_of("/:?#"))};
}

/// What is wrong with a name in lower case, in words that begin with what it should be.
std::string trouble_in(std::string_view name) {
  if (name.empty())
    return "a domain like shop.example.com";
  if (std::ranges::any_of(name, [](unsigned char c) { return c >= 0x80; }))
    return "the domain in its ASCII form, in which labels with other letters begin with xn--";
  if (name.starts_with("*."))
    return "one name: wildcards are not taken, add each name by itself";
  if (name.find(':') != name.npos || name.find('/') != name.npos)
    return "a domain alone, without scheme, port or path";
  if (name.size() + domain_record_prefix.size() > longest_name)
    return "at most " + std::to_string(longest_name - domain_record_prefix.size()) + " characters";
  std::string_view last;
  size_t labels = 0;
  for (auto rest = name; !rest.empty() || labels == 0;) {
    const auto dot = std::min(rest.find('.'), rest.size());
    last = rest.substr(0, dot);
    if (!is_label(last) || dot + 1 == rest.size())
      return "labels of 1 to 63 letters, digits and dashes with dots between them, no dash at "
             "the end of one";
    ++labels;
    rest.remove_prefix(std::min(dot + 1, rest.size()));
  }
  if (std::ranges::all_of(last, is_digit))
    return "a domain, not an IP address";
  if (is_within(name, "localhost"))
    return "a domain that others can look up, not localhost";
  if (labels < 2)
    return "a domain with a dot in it, like shop.example.com";
  return {};
}

} // namespace

caf::expected<std::string> domain_name(std::string_view text, const std::string& pointer) {
  std::string name{text};
  for (char& c : name)
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c | 0x20);
  if (name.size() > 1 && name.ends_with('.'))
    name.pop_back();
  if (auto trouble = trouble_in(name); !trouble.empty())
    return invalid_request({pointer, std::move(trouble),
                            "\"" + std::string{text.substr(0, shown)} + "\"", host_in(name)});
  return name;
}

bool is_within(std::string_view name, std::string_view zone) {
  return name == zone
         || (name.size() > zone.size() && name.ends_with(zone)
             && name[name.size() - zone.size() - 1] == '.');
}

} // namespace backendim
