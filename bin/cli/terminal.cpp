#include "bin/cli/terminal.hpp"

#include "protocol/plain_text.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>

namespace backendim::cli {

namespace {

/// Marks that turn the direction of writing, and what some terminals take for a line's end.
bool turns(char32_t c) {
  return c == 0x061C || c == 0x200E || c == 0x200F || (c >= 0x2028 && c <= 0x202E)
         || (c >= 0x2066 && c <= 0x2069);
}

/// Code points; wide characters are rare enough in what we print.
size_t width(std::string_view text) {
  return static_cast<size_t>(std::ranges::count_if(
    text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

} // namespace

std::string printable(std::string_view line) {
  const auto plain = plain_text(line, "?");
  std::string result;
  result.reserve(plain.size());
  for (std::string_view rest = plain; !rest.empty();) {
    const auto c = first_character(rest);
    if (!turns(c.code))
      result += rest.substr(0, c.length);
    rest.remove_prefix(c.length);
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
