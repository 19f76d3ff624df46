#include "adapters/http/sse.hpp"

#include <utility>

namespace backendim::http {

bool sse_parser::feed(std::string_view bytes, const std::function<bool(sse_event&)>& on_event) {
  for (auto c : bytes) {
    if (std::exchange(after_cr_, false) && c == '\n')
      continue;
    if (c == '\r' || c == '\n') {
      after_cr_ = c == '\r';
      if (!take_line(on_event))
        return false;
    } else if (line_.size() < limit_) {
      line_ += c;
    } else {
      dropped_ = true;
    }
  }
  return true;
}

bool sse_parser::take_line(const std::function<bool(sse_event&)>& on_event) {
  std::string_view line{line_};
  if (std::exchange(at_start_, false) && line.starts_with("\xEF\xBB\xBF"))
    line.remove_prefix(3);
  bool goes_on = true;
  if (line.empty()) {
    auto done = std::exchange(current_, {});
    bool complete = std::exchange(has_data_, false) && !std::exchange(dropped_, false);
    dropped_ = false;
    done.id = last_id_;
    if (complete)
      goes_on = on_event(done);
  } else if (line.front() != ':') {
    auto colon = line.find(':');
    auto name = line.substr(0, colon);
    auto value = colon == std::string_view::npos ? std::string_view{} : line.substr(colon + 1);
    if (value.starts_with(' '))
      value.remove_prefix(1);
    if (name == "data") {
      if (std::exchange(has_data_, true))
        current_.data += '\n';
      current_.data += value;
      dropped_ |= current_.data.size() > limit_;
    } else if (name == "event" && !value.empty()) {
      current_.event = value;
    } else if (name == "id" && value.find('\0') == std::string_view::npos) {
      last_id_ = value;
    }
  }
  line_.clear();
  if (dropped_)
    current_.data.clear();
  return goes_on;
}

} // namespace backendim::http
