#include "protocol/plain_text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace backendim {

namespace {

/// How many bytes at the front of *text* are ASCII: nearly all text is, so eight are looked at in
/// one step.
size_t ascii_length(std::string_view text) {
  constexpr uint64_t high_bits = 0x8080808080808080;
  size_t at = 0;
  for (uint64_t eight = 0; at + sizeof eight <= text.size(); at += sizeof eight) {
    std::memcpy(&eight, text.data() + at, sizeof eight);
    if (eight & high_bits)
      break;
  }
  while (at < text.size() && static_cast<unsigned char>(text[at]) < 0x80)
    ++at;
  return at;
}

/// How many bytes the escape sequence at the front of *text* has.
size_t escape_length(std::string_view text) {
  if (text.size() < 2)
    return text.size();
  if (text[1] == '[') {
    size_t end = 2;
    while (end < text.size() && text[end] >= 0x20 && text[end] < 0x40)
      ++end;
    return std::min(end + 1, text.size());
  }
  if (text[1] == ']' || text[1] == 'P' || text[1] == '_' || text[1] == '^' || text[1] == 'X') {
    const auto bell = text.find('\a');
    const auto closed = text.find("\x1b\\", 2);
    if (bell == text.npos && closed == text.npos)
      return 2; // never closed: its text stays, harmless
    return bell < closed ? bell + 1 : closed + 2;
  }
  return text[1] >= 0x20 && text[1] < 0x7f ? 2 : 1;
}

bool is_control(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0);
}

} // namespace

character first_character(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto first = byte(0);
  const size_t length = first < 0x80             ? 1
                        : (first & 0xE0) == 0xC0 ? 2
                        : (first & 0xF0) == 0xE0 ? 3
                        : (first & 0xF8) == 0xF0 ? 4
                                                 : 0;
  if (length == 0 || length > text.size())
    return {};
  if (length == 1)
    return {first, 1, true};
  char32_t code = first & (0xFFu >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80)
      return {};
    code = (code << 6) | (byte(i) & 0x3Fu);
  }
  constexpr std::array<char32_t, 5> least{0, 0, 0x80, 0x800, 0x10000};
  if (code < least[length] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
    return {};
  return {code, length, true};
}

bool is_utf8(std::string_view text) {
  for (text.remove_prefix(ascii_length(text)); !text.empty();
       text.remove_prefix(ascii_length(text))) {
    const auto c = first_character(text);
    if (!c.good)
      return false;
    text.remove_prefix(c.length);
  }
  return true;
}

std::string valid_utf8(std::string_view text, std::string_view instead) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const auto c = first_character(text);
    result += c.good ? text.substr(0, c.length) : instead;
    text.remove_prefix(c.length);
  }
  return result;
}

std::string plain_text(std::string_view line, std::string_view instead) {
  std::string result;
  result.reserve(line.size());
  while (!line.empty()) {
    if (line.front() == '\x1b') {
      line.remove_prefix(escape_length(line));
      continue;
    }
    const auto c = first_character(line);
    if (!c.good)
      result += instead;
    else if (c.code == '\t' || !is_control(c.code))
      result += line.substr(0, c.length);
    else if (c.code == '\n')
      result += ' ';
    line.remove_prefix(c.length);
  }
  return result;
}

std::string shortened(std::string_view line, size_t most) {
  auto result = plain_text(line);
  if (result.size() <= most)
    return result;
  while (most > 0 && (static_cast<unsigned char>(result[most]) & 0xC0) == 0x80)
    --most; // in the middle of a character
  result.resize(most);
  return result;
}

std::string in_quotes(std::string_view word) {
  constexpr size_t longest = 80;
  return "\"" + shortened(word, longest) + "\"";
}

} // namespace backendim
