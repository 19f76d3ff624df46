#include "adapters/docker/log_frames.hpp"

#include <algorithm>

namespace backendim::docker {

void log_frames::finish() {
  for (auto& line : lines_)
    if (!line.text.empty())
      hand_out(line);
}

void log_frames::piece(output_stream from, std::string_view bytes, bool first) {
  auto& line = lines_[from == output_stream::err ? 1 : 0];
  if (first && timestamps_) {
    line.stamp.clear();
    line.in_stamp = true;
  }
  if (line.in_stamp)
    stamp(line, bytes);
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    const auto part = bytes.substr(0, std::min(end, max_line - line.text.size()));
    line.text += part;
    bytes.remove_prefix(part.size());
    if (!bytes.empty() && bytes.front() == '\n') {
      bytes.remove_prefix(1);
      hand_out(line);
    } else if (line.text.size() == max_line && !bytes.empty()) {
      hand_out(line);
    }
  }
}

/// Takes the frame's timestamp off *bytes*.
void log_frames::stamp(unfinished& line, std::string_view& bytes) {
  constexpr size_t longest = 64;
  const auto end = bytes.find(' ');
  line.stamp += bytes.substr(0, end);
  line.in_stamp = end == bytes.npos && line.stamp.size() < longest;
  bytes.remove_prefix(end == bytes.npos ? bytes.size() : end + 1);
  if (!line.in_stamp && line.text.empty())
    line.at = line.stamp;
}

void log_frames::hand_out(unfinished& line) {
  on_line_({line.from, line.at, line.text});
  line.text.clear();
}

} // namespace backendim::docker
