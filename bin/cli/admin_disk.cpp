#include "bin/cli/arguments.hpp"
#include "bin/cli/deployment_text.hpp"
#include "bin/cli/problem.hpp"
#include "bin/cli/session.hpp"
#include "bin/cli/terminal.hpp"
#include "protocol/disk.hpp"
#include "protocol/json.hpp"

#include <boost/json.hpp>

#include <string>
#include <vector>

namespace backendim::cli {

namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

constexpr auto look_every = 1s; // while a collection is under way

std::string age_text(caf::timestamp since) {
  return rough_text(
    std::chrono::duration_cast<std::chrono::milliseconds>(caf::make_timestamp() - since));
}

std::string collection_text(const garbage_report& x) {
  if (!x.error.empty())
    return "Nothing was removed: " + x.error + "\n";
  const bool removed = !x.dry_run;
  std::vector<std::vector<std::string>> rows{
    {"KIND", "THERE", "SIZE", removed ? "REMOVED" : "REMOVABLE", "FREED"}};
  std::string errors;
  for (const auto& kind : x.kinds) {
    const std::string name = boost::describe::enum_to_string(kind.what, "?");
    rows.push_back({name, std::to_string(kind.found), size_text(kind.found_bytes),
                    std::to_string(kind.removed), size_text(kind.freed_bytes)});
    if (!kind.error.empty())
      errors += name + ": " + kind.error + "\n";
  }
  return table_text(rows) + errors;
}

std::string disk_text(const disk_report& x) {
  std::vector<std::vector<std::string>> rows{
    {"DISK OF", "FREE", "OF", "COLLECTS BELOW", "BUILDS STOP BELOW", "THERE IN"}};
  for (const auto& disk : x.disks)
    rows.push_back({disk.space.folder, size_text(disk.space.free_bytes),
                    size_text(disk.space.total_bytes), size_text(disk.collect_below_bytes),
                    size_text(disk.floor_bytes), disk.floor_in ? rough_text(*disk.floor_in) : "-"});
  auto result = table_text(rows);
  if (x.running)
    result += "A collection is under way.\n";
  if (!x.last)
    return result + "Nothing has been removed since the platform's start.\n";
  result += std::string{"Last collection ("} + boost::describe::enum_to_string(x.last->why, "?")
            + ", " + age_text(x.last->began) + " ago):\n" + collection_text(*x.last);
  return result;
}

/// The collection that *begun* shows, when it has ended.
caf::expected<json::value> ended(platform& door, json::value begun) {
  for (;;) {
    const auto known = from_json<garbage_report>(begun);
    if (!known || known->ended)
      return begun;
    pause_for(look_every, {});
    const auto answer = door.get("/v1/disk");
    if (!answer)
      return answer.error();
    const auto disk = from_json<disk_report>(*answer);
    if (!disk)
      return begun;
    if (disk->running && disk->running->began == known->began)
      continue;
    const auto& last = known->dry_run ? disk->looked : disk->last;
    if (!last || last->began != known->began)
      return local_problem("interrupted", "the platform was restarted meanwhile; try again");
    begun = to_json(*last);
  }
}

} // namespace

caf::expected<exit_code> admin_disk(session& s, const arguments&) {
  auto door = s.connect();
  if (!door)
    return std::move(door.error());
  const auto answer = door->get("/v1/disk");
  if (!answer)
    return answer.error();
  const auto disk = from_json<disk_report>(*answer);
  if (s.json() || !disk) // a newer platform may say more than we know
    s.print_json(*answer);
  else
    s.print_text(disk_text(*disk));
  return exit_code::ok;
}

caf::expected<exit_code> admin_collect(session& s, const arguments& args) {
  auto door = s.connect();
  if (!door)
    return std::move(door.error());
  const json::object order{{"dry_run", args.has("dry-run")}};
  auto begun = door->command("POST", "/v1/disk/collect", order);
  if (!begun)
    return std::move(begun.error());
  const auto answer = ended(*door, std::move(*begun));
  if (!answer)
    return answer.error();
  const auto report = from_json<garbage_report>(*answer);
  if (s.json() || !report)
    s.print_json(*answer);
  else
    s.print_text(collection_text(*report));
  return report && !report->error.empty() ? exit_code::failed : exit_code::ok;
}

} // namespace backendim::cli
