#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace backendim::http {

/// One server-sent event, as the WHATWG HTML standard (9.2) reads it.
struct sse_event {
  std::string id; ///< The last one seen, also when this event has none of its own.
  std::string event = "message";
  std::string data; ///< Its lines joined by \n.
  friend bool operator==(const sse_event&, const sse_event&) = default;
};

/// Turns the bytes of a text/event-stream, cut anywhere, into events. Never fails: what it does
/// not know it skips, a line or an event longer than the limit is dropped.
class sse_parser {
public:
  explicit sse_parser(size_t limit = 1 << 20) : limit_{limit} {}

  /// Calls *on_event* for each event that these bytes complete. Returns false as soon as
  /// *on_event* did; the rest of the bytes is then lost.
  bool feed(std::string_view bytes, const std::function<bool(sse_event&)>& on_event);

private:
  bool take_line(const std::function<bool(sse_event&)>& on_event);

  size_t limit_;
  std::string line_;
  sse_event current_;
  std::string last_id_;
  bool has_data_ = false;
  bool dropped_ = false;
  bool after_cr_ = false;
  bool at_start_ = true;
};

} // namespace backendim::http
