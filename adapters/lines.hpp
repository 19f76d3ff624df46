#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

namespace backendim {

/// Takes one line of output, without its end. Called in order, from the calling thread or one
/// that the callee owns, never from two at once.
using line_sink = std::function<void(std::string_view)>;

enum class output_stream : uint8_t { out = 1, err };

/// A line that a container wrote, without its end.
struct output_line {
  output_stream from = output_stream::out;
  std::string_view at; ///< When: RFC 3339, of one width for all lines, so that it sorts.
  std::string_view text;
};
using output_sink = std::function<void(const output_line&)>;

} // namespace backendim
