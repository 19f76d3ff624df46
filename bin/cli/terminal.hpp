#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace backendim::cli {

/// *line* without what could steer a terminal: escape sequences, control characters, marks that
/// turn the direction of writing. Bytes that are not UTF-8 become '?'. A line break becomes a
/// space.
std::string printable(std::string_view line);

/// "4.2s", "1m 04s".
std::string elapsed_text(std::chrono::milliseconds x);

/// "340 B", "12.3 kB", "4.0 MB".
std::string size_text(uint64_t bytes);

/// Columns as wide as their longest cell, two spaces between. The cells are made printable.
std::string table_text(const std::vector<std::vector<std::string>>& rows);

} // namespace backendim::cli
