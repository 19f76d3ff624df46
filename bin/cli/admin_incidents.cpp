#include "bin/cli/arguments.hpp"
#include "bin/cli/problem.hpp"
#include "bin/cli/session.hpp"
#include "bin/cli/terminal.hpp"
#include "protocol/incident.hpp"
#include "protocol/json.hpp"

#include <boost/json.hpp>

#include <string>

namespace backendim::cli {

namespace {

/// To the second.
std::string time_text(caf::timestamp x) {
  const auto text = format_timestamp(x);
  return text.substr(0, text.find('.')) + (text.find('.') == text.npos ? "" : "Z");
}

std::string incident_text(const incident& x) {
  auto result = std::string{boost::describe::enum_to_string(x.what, "?")} + "  " + x.path + "\n";
  result += "  since " + time_text(x.since) + ", seen " + std::to_string(x.count)
            + (x.count == 1 ? " time" : " times");
  if (x.resolved)
    return result + ", resolved " + time_text(*x.resolved) + "\n";
  result += ", last " + time_text(x.last_seen) + "\n";
  result += "  " + x.reason + "\n";
  return result + (x.next.empty() ? "" : "  next: " + x.next + "\n");
}

} // namespace

caf::expected<exit_code> admin_incidents(session& s, const arguments&) {
  auto door = s.connect();
  if (!door)
    return std::move(door.error());
  const auto answer = door->get("/v1/incidents");
  if (!answer)
    return answer.error();
  const auto found = from_json<incident_list>(*answer);
  if (s.json() || !found) { // a newer platform may say more than we know
    s.print_json(*answer);
    return exit_code::ok;
  }
  for (const auto& x : found->items)
    s.print_text(incident_text(x));
  if (found->items.empty())
    s.say("Everything works.");
  return exit_code::ok;
}

} // namespace backendim::cli
