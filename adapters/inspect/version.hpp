#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace backendim::inspection {

/// Major, minor, patch.
using version = std::array<uint32_t, 3>;

/// Versions from *from* up to, but not including, *below*.
struct version_interval {
  version from{};
  version below{UINT32_MAX, 0, 0};
};

/// All versions that lie in any of the intervals.
struct version_range {
  std::vector<version_interval> any_of;
};

/// A release line: 20 is all of Node 20, 3.11 all of Python 3.11.
struct version_line {
  uint32_t major = 0;
  std::optional<uint32_t> minor;

  version_interval interval() const;
  friend auto operator<=>(const version_line&, const version_line&) = default;
};

std::string to_string(const version_line& x);

/// "20", "3.11" or "1.22.4", with or without a leading v; the patch is dropped. None when the text
/// is something else.
std::optional<version_line> parse_line(std::string_view text);

/// All numbers that *text* gives: "20.1" is everything from 20.1.0 below 20.2.0.
std::optional<version_range> parse_exact(std::string_view text);

/// npm's ranges: ^1.2 ~1.2 >=1 <2 1.x 1.2 - 1.4 a || b * and the names lts/*, latest, node.
std::optional<version_range> parse_npm_range(std::string_view text);

/// PEP 440 specifiers, and Poetry's caret: >=3.9,<3.13 ~=3.11 ==3.11.* !=3.10.* ^3.11
std::optional<version_range> parse_python_range(std::string_view text);

/// Everything from *text* on.
std::optional<version_range> parse_minimum(std::string_view text);

enum class fit {
  none,
  some, ///< Only older patches of the line are in the range, or one exact version.
  full, ///< The newest patch of the line is in the range.
};

fit fits(const version_line& line, const version_range& range);

} // namespace backendim::inspection
