#pragma once

#include "adapters/lines.hpp"

#include <array>
#include <cstddef>
#include <functional>
#include <string_view>
#include <utility>

namespace backendim::docker {

/// Takes apart what the engine sends of two streams in one: frames of an 8-byte header (1: stdout,
/// 2: stderr; three zeros; payload length, big-endian) and the payload.
class stream_frames {
public:
  /// Hears payloads as they come, in pieces; *first*: a frame begins with it.
  using sink = std::function<void(output_stream from, std::string_view piece, bool first)>;

  explicit stream_frames(sink on_piece) : on_piece_{std::move(on_piece)} {}

  /// Takes the next bytes, in any portions.
  void feed(std::string_view bytes);

private:
  sink on_piece_;
  std::array<unsigned char, 8> header_{};
  size_t header_size_ = 0;
  size_t left_ = 0; ///< Payload bytes of the current frame still to come.
  bool first_ = false;
};

} // namespace backendim::docker
