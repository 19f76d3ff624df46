#pragma once

#include "adapters/lines.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace backendim::docker {

/// Cuts the engine's log stream into lines. The stream is frames of an 8-byte header (1: stdout,
/// 2: stderr; three zeros; payload length, big-endian) and the payload. A line that is longer than
/// max_line comes out in pieces, so memory stays bounded whatever an app writes.
class log_frames {
public:
  static constexpr size_t max_line = 16 * 1024;

  explicit log_frames(line_sink on_line) : on_line_{std::move(on_line)} {}

  /// Takes the next bytes, in any portions.
  void feed(std::string_view bytes);

  /// Hands out what is left of unfinished lines.
  void finish();

private:
  void payload(std::string_view bytes);
  void hand_out(std::string& line);

  line_sink on_line_;
  std::array<unsigned char, 8> header_{};
  size_t header_size_ = 0;
  size_t left_ = 0;                  // payload bytes of the current frame still to come
  std::array<std::string, 2> lines_; // unfinished: stdout, stderr
};

} // namespace backendim::docker
