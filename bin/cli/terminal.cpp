#include "bin/cli/terminal.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>

namespace backendim::cli {

namespace {

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

struct character {
  char32_t code = 0;
  size_t length = 1;
  bool good = false;
};

character decode(std::string_view text) {
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
  const bool good = code >= least[length] && code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
  return {code, length, good};
}

bool steers(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x061C || c == 0x200E || c == 0x200F
         || (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

/// Code points; wide characters are rare enough in what we print.
size_t width(std::string_view text) {
  return static_cast<size_t>(std::ranges::count_if(
    text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

} // namespace

std::string printable(std::string_view line) {
  std::string result;
  result.reserve(line.size());
  while (!line.empty()) {
    if (line.front() == '\x1b') {
      line.remove_prefix(escape_length(line));
      continue;
    }
    const auto c = decode(line);
    if (!c.good)
      result += '?';
    else if (c.code == '\t' || !steers(c.code))
      result += line.substr(0, c.length);
    else if (c.code == '\n')
      result += ' ';
    line.remove_prefix(c.good ? c.length : 1);
  }
  return result;
}

std::string elapsed_text(std::chrono::milliseconds x) {
  const auto ms = std::max<int64_t>(0, x.count());
  std::array<char, 40> text{};
  if (ms < 59'950)
    std::snprintf(text.data(), text.size(), "%.1fs", static_cast<double>(ms) / 1'000);
  else
    std::snprintf(text.data(), text.size(), "%lldm %02llds", static_cast<long long>(ms / 60'000),
                  static_cast<long long>(ms / 1'000 % 60));
  return text.data();
}

std::string size_text(uint64_t bytes) {
  if (bytes < 1'000)
    return std::to_string(bytes) + " B";
  auto value = static_cast<double>(bytes) / 1'000;
  size_t unit = 0;
  constexpr std::array units{"kB", "MB", "GB", "TB"};
  for (; value >= 999.95 && unit + 1 < units.size(); ++unit)
    value /= 1'000;
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%.1f %s", value, units[unit]);
  return text.data();
}

std::string table_text(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::vector<std::string>> cells;
  std::vector<size_t> widths;
  for (const auto& row : rows) {
    auto& line = cells.emplace_back();
    for (const auto& cell : row) {
      line.push_back(printable(cell));
      if (widths.size() < line.size())
        widths.push_back(0);
      widths[line.size() - 1] = std::max(widths[line.size() - 1], width(line.back()));
    }
  }
  std::string result;
  for (const auto& line : cells) {
    for (size_t i = 0; i < line.size(); ++i) {
      result += line[i];
      if (i + 1 < line.size())
        result.append(widths[i] - width(line[i]) + 2, ' ');
    }
    result.erase(result.find_last_not_of(' ') + 1);
    result += '\n';
  }
  return result;
}

} // namespace backendim::cli
