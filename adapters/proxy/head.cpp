#include "adapters/proxy/head.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace backendim::proxy {

namespace {

constexpr size_t max_fields = 128;

enum : uint8_t { token_bit = 1, value_bit = 2, target_bit = 4, host_bit = 8 };

constexpr std::array<uint8_t, 256> make_classes() {
  std::array<uint8_t, 256> result{};
  for (unsigned c = 0; c != 256; ++c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool digit = c >= '0' && c <= '9';
    uint8_t bits = 0;
    if (letter || digit
        || (c != 0 && c < 128
            && std::string_view{"!#$%&'*+-.^_`|~"}.find(static_cast<char>(c))
                 != std::string_view::npos))
      bits |= token_bit;
    if (c == '\t' || (c >= 0x20 && c != 0x7f))
      bits |= value_bit;
    if (c > 0x20 && c != 0x7f && c != '#')
      bits |= target_bit;
    if (letter || digit || c == '-' || c == '.' || c == '_')
      bits |= host_bit;
    result[c] = bits;
  }
  return result;
}

constexpr auto classes = make_classes();

bool has(char c, uint8_t bit) {
  return (classes[static_cast<unsigned char>(c)] & bit) != 0;
}

bool all(std::string_view text, uint8_t bit) {
  for (char c : text)
    if (!has(c, bit))
      return false;
  return true;
}

constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

field_id identify(std::string_view name) {
  const auto is = [name](std::string_view x) { return same_word(name, x); };
  if (name.size() > 6 && is_token(name[0]) && same_word(name.substr(0, 6), "proxy-"))
    return field_id::hop_by_hop;
  switch (name.size()) {
    case 2: return is("te") ? field_id::hop_by_hop : field_id::other;
    case 4: return is("host") ? field_id::host : field_id::other;
    case 6:
      return is("accept") ? field_id::accept : is("expect") ? field_id::expect : field_id::other;
    case 7:
      return is("upgrade")   ? field_id::upgrade
             : is("trailer") ? field_id::hop_by_hop
                             : field_id::other;
    case 9:
      return is("x-real-ip")   ? field_id::x_real_ip
             : is("forwarded") ? field_id::forwarded
                               : field_id::other;
    case 10:
      return is("connection")   ? field_id::connection
             : is("keep-alive") ? field_id::hop_by_hop
                                : field_id::other;
    case 12: return is("x-request-id") ? field_id::x_request_id : field_id::other;
    case 13: return is("authorization") ? field_id::authorization : field_id::other;
    case 14: return is("content-length") ? field_id::content_length : field_id::other;
    case 15: return is("x-forwarded-for") ? field_id::x_forwarded_for : field_id::other;
    case 16: return is("x-forwarded-host") ? field_id::x_forwarded_host : field_id::other;
    case 17:
      return is("transfer-encoding")   ? field_id::transfer_encoding
             : is("x-forwarded-proto") ? field_id::x_forwarded_proto
                                       : field_id::other;
    default: return field_id::other;
  }
}

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && blank(text.back()))
    text.remove_suffix(1);
  return text;
}

std::optional<uint64_t> parse_length(std::string_view digits) {
  if (digits.empty() || digits.size() > 18) // an exabyte: no overflow below it
    return std::nullopt;
  uint64_t result = 0;
  for (char c : digits) {
    if (c < '0' || c > '9')
      return std::nullopt;
    result = result * 10 + static_cast<uint64_t>(c - '0');
  }
  return result;
}

bool read_connection(std::string_view value, message_head& out, bool& upgrade) {
  while (!value.empty()) {
    const auto comma = value.find(',');
    const auto word = trimmed(value.substr(0, comma));
    value = comma == std::string_view::npos ? std::string_view{} : value.substr(comma + 1);
    if (word.empty())
      continue;
    if (!all(word, token_bit))
      return false;
    if (same_word(word, "close"))
      out.close = true;
    else if (same_word(word, "keep-alive"))
      out.keep_alive = true;
    else if (same_word(word, "upgrade"))
      upgrade = true;
    else
      out.listed.push_back(word);
  }
  return true;
}

void clear(message_head& out) {
  out.minor = 1;
  out.fields.clear();
  out.listed.clear();
  out.content_length.reset();
  out.chunked = out.close = out.keep_alive = false;
  out.upgrade = {};
}

/// The lines behind the first one, up to the empty one. Returns 0 or a status.
unsigned read_fields(std::string_view lines, message_head& out) {
  bool upgrade = false;
  std::string_view upgrade_to;
  for (;;) {
    const auto end = lines.find('\r');
    if (end == std::string_view::npos || end + 1 >= lines.size() || lines[end + 1] != '\n')
      return 400;
    const auto line = lines.substr(0, end);
    lines.remove_prefix(end + 2);
    if (line.empty())
      break;
    // A name that is empty, has a blank before its colon or begins with one (a folded line) is no
    // token.
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0 || !all(line.substr(0, colon), token_bit)
        || !all(line.substr(colon + 1), value_bit))
      return 400;
    if (out.fields.size() == max_fields)
      return 431;
    const field x{identify(line.substr(0, colon)), line.substr(0, colon),
                  trimmed(line.substr(colon + 1))};
    switch (x.id) {
      case field_id::connection:
        if (!read_connection(x.value, out, upgrade))
          return 400;
        break;
      case field_id::content_length: {
        const auto length = parse_length(x.value);
        if (!length || (out.content_length && *out.content_length != *length))
          return 400;
        out.content_length = length;
        break;
      }
      case field_id::transfer_encoding:
        if (out.chunked || out.minor == 0 || !same_word(x.value, "chunked"))
          return 400;
        out.chunked = true;
        break;
      case field_id::upgrade: upgrade_to = x.value; break;
      default: break;
    }
    out.fields.push_back(x);
  }
  if (!lines.empty() || (out.chunked && out.content_length))
    return 400;
  if (upgrade && out.minor == 1)
    out.upgrade = upgrade_to;
  return 0;
}

/// "name", "name:port", "[::1]:port"; empty is a host nobody has.
bool good_authority(std::string_view x) {
  if (x.starts_with('[')) {
    const auto end = x.find(']');
    if (end == std::string_view::npos
        || x.substr(1, end - 1).find_first_not_of("0123456789abcdefABCDEF:.")
             != std::string_view::npos)
      return false;
    x.remove_prefix(end + 1);
  } else {
    const auto name = x.substr(0, x.find(':'));
    if (!all(name, host_bit))
      return false;
    x.remove_prefix(name.size());
  }
  if (x.empty())
    return true;
  return x.size() <= 6 && x.front() == ':'
         && x.substr(1).find_first_not_of("0123456789") == std::string_view::npos;
}

unsigned read_version(std::string_view text, unsigned& minor) {
  if (text.size() != 8 || !text.starts_with("HTTP/") || text[5] < '0' || text[5] > '9'
      || text[6] != '.' || text[7] < '0' || text[7] > '9')
    return 400;
  if (text[5] != '1' || text[7] > '1')
    return 505;
  minor = static_cast<unsigned>(text[7] - '0');
  return 0;
}

/// Splits the absolute form; its host wins over the Host field.
unsigned read_target(request_head& out) {
  auto& target = out.target;
  if (target.starts_with('/') || (target == "*" && out.method == "OPTIONS"))
    return 0;
  size_t scheme = 0;
  if (target.size() > 7 && same_word(target.substr(0, 7), "http://"))
    scheme = 7;
  else if (target.size() > 8 && same_word(target.substr(0, 8), "https://"))
    scheme = 8;
  if (scheme == 0)
    return 400;
  const auto rest = target.substr(scheme);
  const auto end = std::min(rest.find_first_of("/?"), rest.size());
  out.authority = rest.substr(0, end);
  if (out.authority.empty() || (end != rest.size() && rest[end] == '?'))
    return 400; // "http://host?x" would need a path made up
  target = end == rest.size() ? std::string_view{"/"} : rest.substr(end);
  return 0;
}

} // namespace

bool same_word(std::string_view a, std::string_view b) {
  if (a.size() != b.size())
    return false;
  for (size_t i = 0; i != a.size(); ++i)
    if (lower(a[i]) != lower(b[i]))
      return false;
  return true;
}

bool is_token(char c) {
  return has(c, token_bit);
}

head_scan::outcome head_scan::next(std::string_view bytes) {
  while (seen_ < bytes.size()) {
    const auto* found
      = static_cast<const char*>(std::memchr(bytes.data() + seen_, '\n', bytes.size() - seen_));
    if (found == nullptr) {
      seen_ = bytes.size();
      break;
    }
    const auto at = static_cast<size_t>(found - bytes.data());
    if (at == line_ || bytes[at - 1] != '\r')
      return outcome::bad; // a bare LF
    const bool empty = at == line_ + 1;
    const bool first = line_ == begin_;
    line_ = seen_ = at + 1;
    if (empty && !first)
      return outcome::whole;
    if (empty && line_ > 8)
      return outcome::bad;
    if (empty)
      begin_ = line_; // RFC 9112, 2.2: some clients end a body with one line break too many
  }
  if (begin_ < bytes.size() && bytes[begin_] != '\r' && !is_token(bytes[begin_]))
    return outcome::bad; // such as TLS
  return outcome::more;
}

unsigned parse(std::string_view bytes, request_head& out) {
  clear(out);
  out.method = out.target = out.authority = {};
  const auto line = bytes.substr(0, std::min(bytes.find('\r'), bytes.size()));
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || first == last)
    return 400;
  out.method = line.substr(0, first);
  out.target = line.substr(first + 1, last - first - 1);
  if (out.method.empty() || !all(out.method, token_bit) || out.target.empty()
      || !all(out.target, target_bit))
    return 400;
  if (auto status = read_version(line.substr(last + 1), out.minor))
    return status;
  if (bytes.size() < line.size() + 2 || bytes[line.size() + 1] != '\n')
    return 400;
  if (auto status = read_fields(bytes.substr(line.size() + 2), out))
    return status;
  bool found = false;
  for (const auto& x : out.fields)
    if (x.id == field_id::host) {
      if (found || !good_authority(x.value))
        return 400;
      found = true;
      out.authority = x.value;
    }
  if (!found && out.minor == 1)
    return 400;
  if (out.method == "CONNECT")
    return 501;
  if (out.method == "TRACE")
    return 405;
  if (auto status = read_target(out))
    return status;
  return good_authority(out.authority) ? 0 : 400;
}

bool parse(std::string_view bytes, response_head& out) {
  clear(out);
  out.status = 0;
  out.reason = {};
  const auto line = bytes.substr(0, std::min(bytes.find('\r'), bytes.size()));
  if (line.size() < 12 || line[8] != ' ' || read_version(line.substr(0, 8), out.minor) != 0
      || (line.size() > 12 && line[12] != ' '))
    return false;
  for (char c : line.substr(9, 3)) {
    if (c < '0' || c > '9')
      return false;
    out.status = out.status * 10 + static_cast<unsigned>(c - '0');
  }
  out.reason = line.substr(std::min<size_t>(line.size(), 13));
  if (out.status < 100 || !all(out.reason, value_bit) || bytes.size() < line.size() + 2
      || bytes[line.size() + 1] != '\n')
    return false;
  return read_fields(bytes.substr(line.size() + 2), out) == 0;
}

} // namespace backendim::proxy
