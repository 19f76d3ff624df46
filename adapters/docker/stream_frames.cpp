#include "adapters/docker/stream_frames.hpp"

#include <utility>

namespace backendim::docker {

void stream_frames::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    if (left_ > 0) {
      const auto part = bytes.substr(0, left_);
      left_ -= part.size();
      bytes.remove_prefix(part.size());
      const auto from = header_[0] == 2 ? output_stream::err : output_stream::out;
      on_piece_(from, part, std::exchange(first_, false));
      continue;
    }
    header_[header_size_++] = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    if (header_size_ == header_.size()) {
      header_size_ = 0;
      first_ = true;
      left_ = size_t{header_[4]} << 24 | size_t{header_[5]} << 16 | size_t{header_[6]} << 8
              | size_t{header_[7]};
    }
  }
}

} // namespace backendim::docker
