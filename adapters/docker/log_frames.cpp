#include "adapters/docker/log_frames.hpp"

#include <algorithm>

namespace backendim::docker {

void log_frames::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    if (left_ > 0) {
      const auto part = bytes.substr(0, left_);
      payload(part);
      left_ -= part.size();
      bytes.remove_prefix(part.size());
      continue;
    }
    header_[header_size_++] = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    if (header_size_ == header_.size()) {
      header_size_ = 0;
      left_ = size_t{header_[4]} << 24 | size_t{header_[5]} << 16 | size_t{header_[6]} << 8
              | size_t{header_[7]};
    }
  }
}

void log_frames::finish() {
  for (auto& line : lines_)
    if (!line.empty())
      hand_out(line);
}

void log_frames::payload(std::string_view bytes) {
  auto& line = lines_[header_[0] == 2 ? 1 : 0];
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    const auto part = bytes.substr(0, std::min(end, max_line - line.size()));
    line += part;
    bytes.remove_prefix(part.size());
    if (!bytes.empty() && bytes.front() == '\n') {
      bytes.remove_prefix(1);
      hand_out(line);
    } else if (line.size() == max_line && !bytes.empty()) {
      hand_out(line);
    }
  }
}

void log_frames::hand_out(std::string& line) {
  on_line_(line);
  line.clear();
}

} // namespace backendim::docker
