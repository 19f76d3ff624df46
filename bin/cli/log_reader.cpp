#include "bin/cli/log_reader.hpp"

#include "bin/cli/problem.hpp"

#include <boost/json.hpp>

#include <cstddef>

namespace backendim::cli {

namespace json = boost::json;

caf::expected<stream_end> read_log(platform& door, const log_request& what,
                                   const std::function<void(const std::string&)>& on_line,
                                   const std::function<void()>& on_reconnect) {
  // Only the last line of a piece has an id of its own, the others that of the piece before: what
  // came since the last new id comes again.
  std::string last_id = "0";
  size_t since = 0;
  size_t skip = 0;
  subscription x;
  x.target = what.target;
  x.target_again = what.target_again;
  x.stop = what.stop;
  x.on_event = [&](const http::sse_event& event) {
    if (event.event == "end")
      return false;
    if (event.event != "line")
      return true;
    if (!event.id.empty() && event.id != last_id) {
      last_id = event.id;
      since = 0;
    } else {
      ++since;
    }
    if (skip > 0) {
      --skip;
      return true;
    }
    json::error_code failed;
    const auto value = json::parse(event.data, failed);
    if (const auto* object = failed ? nullptr : value.if_object())
      on_line(text_at(*object, "line"));
    return true;
  };
  x.on_reconnect = [&] {
    skip = what.target_again.empty() ? skip + since : 0;
    since = 0;
    if (on_reconnect)
      on_reconnect();
  };
  return door.follow(std::move(x));
}

} // namespace backendim::cli
