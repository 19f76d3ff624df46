#pragma once

#include "adapters/docker/stream_frames.hpp"
#include "adapters/lines.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace backendim::docker {

/// Cuts the frames of the engine's log stream into lines. A line that is longer than max_line comes
/// out in pieces, so memory stays bounded whatever an app writes. With timestamps each frame begins
/// with one and a space; a line has that of its first frame.
class log_frames {
public:
  static constexpr size_t max_line = 16 * 1024;

  explicit log_frames(output_sink on_line, bool timestamps = false)
    : on_line_{std::move(on_line)}, timestamps_{timestamps} {}
  log_frames(const log_frames&) = delete;
  log_frames& operator=(const log_frames&) = delete;

  /// Takes the next bytes, in any portions.
  void feed(std::string_view bytes) { frames_.feed(bytes); }

  /// Hands out what is left of unfinished lines.
  void finish();

private:
  struct unfinished {
    output_stream from;
    std::string at{};
    std::string text{};
    std::string stamp{}; ///< Of the current frame, as far as it has come.
    bool in_stamp = false;
  };

  void piece(output_stream from, std::string_view bytes, bool first);
  static void stamp(unfinished& line, std::string_view& bytes);
  void hand_out(unfinished& line);

  output_sink on_line_;
  const bool timestamps_;
  std::array<unfinished, 2> lines_{{{output_stream::out}, {output_stream::err}}};
  stream_frames frames_{
    [this](output_stream from, std::string_view bytes, bool first) { piece(from, bytes, first); }};
};

} // namespace backendim::docker
