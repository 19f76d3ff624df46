#include "actors/redactor.hpp"

#include "protocol/plain_text.hpp"
#include "protocol/types.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace backendim {

namespace {

constexpr size_t shortest = 4;         // of a value
constexpr size_t shortest_encoded = 8; // of a value whose other forms are looked for

std::string base64(std::string_view bytes, bool for_urls) {
  const std::string_view digits
    = for_urls ? "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
               : "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string result;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : bytes) {
    bits = (bits << 8) | static_cast<unsigned char>(c);
    for (count += 8; count >= 6; count -= 6)
      result += digits[(bits >> (count - 6)) & 63];
  }
  return result;
}

/// The digits that *value* has in the base64 of any text around it, *before* bytes behind a
/// multiple of three. The digits at its ends depend on its neighbours and are left out.
std::string base64_core(std::string_view value, size_t before, bool for_urls) {
  const auto all = base64(std::string(before, '\0').append(value), for_urls);
  const auto skip = (before * 8 + 5) / 6;
  const auto end = (before + value.size()) * 8 / 6;
  return all.substr(skip, end - skip);
}

std::string hex(std::string_view bytes, std::string_view digits) {
  std::string result;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    result.append({digits[byte >> 4], digits[byte & 15]});
  }
  return result;
}

std::string percent(std::string_view bytes, std::string_view digits) {
  std::string result;
  for (const char c : bytes) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
                       || std::string_view{"-._~"}.find(c) != std::string_view::npos;
    if (plain)
      result += c;
    else
      result.append("%").append(hex({&c, 1}, digits));
  }
  return result;
}

std::string in_json(std::string_view text) {
  const auto quoted = boost::json::serialize(boost::json::value(text));
  return quoted.substr(1, quoted.size() - 2);
}

} // namespace

caf::expected<std::vector<std::pair<std::string, std::string>>> opened(vault& keys,
                                                                       const sealed_secrets& x) {
  std::vector<std::pair<std::string, std::string>> result;
  for (const auto& item : x.items) {
    auto value = keys.open({x.tenant, x.app, item.name}, item.sealed);
    if (!value)
      return std::move(value.error());
    result.emplace_back(item.name, std::move(*value));
  }
  return result;
}

redactor::redactor(const std::vector<std::pair<std::string, std::string>>& values) {
  constexpr std::string_view lower = "0123456789abcdef", upper = "0123456789ABCDEF";
  for (const auto& [name, value] : values) {
    add(name, value);
    for (size_t begin = 0; begin < value.size();) {
      const auto end = std::min(value.find('\n', begin), value.size());
      auto line = value.substr(begin, end - begin);
      if (line.ends_with('\r'))
        line.pop_back();
      add(name, std::move(line));
      begin = end + 1;
    }
    if (value.size() < shortest_encoded)
      continue;
    for (const bool for_urls : {false, true})
      for (size_t before = 0; before < 3; ++before)
        add(name, base64_core(value, before, for_urls));
    for (const auto digits : {lower, upper}) {
      add(name, hex(value, digits));
      add(name, percent(value, digits));
    }
    add(name, in_json(value));
  }
  std::ranges::sort(known_);
  const auto repeated = std::ranges::unique(known_);
  known_.erase(repeated.begin(), repeated.end());
}

void redactor::add(const std::string& name, std::string value) {
  if (value.size() >= shortest)
    known_.emplace_back(std::move(value), name);
}

/// What an escape sequence cut in two may be whole without it, so values are looked for once more.
std::string redactor::operator()(std::string_view line) const {
  auto shown = without_values(line);
  auto plain = plain_text(shown);
  return plain == shown ? shown : without_values(plain);
}

/// All places first, then one replacement for those that touch: so no value survives in the
/// remains of another.
std::string redactor::without_values(std::string_view line) const {
  struct place {
    size_t begin;
    size_t end;
    const std::string* name;
  };
  std::vector<place> places;
  for (const auto& [text, name] : known_)
    for (auto at = line.find(text); at != line.npos; at = line.find(text, at + 1))
      places.push_back({at, at + text.size(), &name});
  if (places.empty())
    return std::string{line};
  std::ranges::sort(places, {}, [](const place& x) { return std::pair{x.begin, ~x.end}; });
  std::string result;
  size_t done = 0;
  for (size_t i = 0; i < places.size();) {
    auto end = places[i].end;
    const auto first = i;
    for (++i; i < places.size() && places[i].begin < end; ++i)
      end = std::max(end, places[i].end);
    result += line.substr(done, places[first].begin - done);
    result += "[secret " + *places[first].name + "]";
    done = end;
  }
  result += line.substr(done);
  return result;
}

failure redactor::operator()(failure x) const {
  x.message = (*this)(x.message);
  for (auto& line : x.evidence)
    line = (*this)(line);
  x.next = (*this)(x.next);
  return x;
}

caf::error redactor::operator()(const caf::error& x) const {
  const auto reason = to_domain_error(x);
  const auto& context = reason.context();
  const auto code = static_cast<ec>(reason.code());
  if (context.match_elements<failure>())
    return make_failure(code, (*this)(context.get_as<failure>(0)));
  if (context.match_elements<std::string>())
    return caf::make_error(code, (*this)(context.get_as<std::string>(0)));
  return reason;
}

redactor redactor_of(vault& keys, const sealed_secrets& x) {
  std::vector<std::pair<std::string, std::string>> values;
  for (const auto& item : x.items)
    if (auto value = keys.open({x.tenant, x.app, item.name}, item.sealed))
      values.emplace_back(item.name, std::move(*value));
  return redactor{values};
}

} // namespace backendim
