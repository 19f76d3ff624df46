#include "bin/cli/arguments.hpp"
#include "bin/cli/problem.hpp"
#include "bin/cli/session.hpp"

#include <boost/json.hpp>

#include <functional>
#include <string>

namespace backendim::cli {

namespace json = boost::json;

namespace {

/// Hands each line of an NDJSON answer to *on_line*; empty ones only keep it alive.
caf::expected<caf::unit_t> read_lines(platform& door, http::request what,
                                      const std::function<void(const std::string&)>& on_line) {
  std::string rest;
  return door.fetch(std::move(what), [&](std::string_view bytes) {
    rest += bytes;
    size_t begin = 0;
    for (size_t end = 0; (end = rest.find('\n', begin)) != rest.npos; begin = end + 1)
      if (end > begin)
        on_line(rest.substr(begin, end - begin));
    rest.erase(0, begin);
    return true;
  });
}

json::object object_of(const std::string& line) {
  json::error_code failed;
  auto value = json::parse(line, failed);
  return !failed && value.is_object() ? std::move(value.get_object()) : json::object{};
}

std::string number_at(const json::object& x, std::string_view key) {
  const auto* value = x.if_contains(key);
  return value ? json::serialize(*value) : "0";
}

/// "app/main/shop version 3 position 12: changed".
std::string damage_text(const json::object& x) {
  std::string result = text_at(x, "stream").empty() ? "unknown stream" : text_at(x, "stream");
  for (const auto* key : {"version", "position"})
    if (const auto number = number_at(x, key); number != "0")
      result.append(" ").append(key).append(" ").append(number);
  return result + ": " + text_at(x, "how");
}

/// An error that came as a line, because the answer had begun.
caf::error late_problem(json::object line) {
  line.erase("type");
  return make_problem(std::move(line));
}

} // namespace

caf::expected<exit_code> admin_journal_verify(session& s, const arguments&) {
  auto door = s.connect();
  if (!door)
    return std::move(door.error());
  http::request what;
  what.method = "POST";
  what.target = "/v1/journal/verify";
  json::object report;
  json::object error;
  const auto read = read_lines(*door, what, [&](const std::string& line) {
    auto x = object_of(line);
    const auto type = text_at(x, "type");
    if (type == "error") {
      error = std::move(x);
      return;
    }
    if (s.json())
      s.print_json(x);
    if (type == "damage" && !s.json())
      s.print(damage_text(x));
    if (type == "report")
      report = std::move(x);
  });
  if (!read)
    return read.error();
  if (!error.empty())
    return late_problem(std::move(error));
  if (report.empty())
    return local_problem("strange_answer", door->url() + " gave no report");
  const auto damages = number_at(report, "damages");
  s.say(number_at(report, "events") + " events of " + number_at(report, "streams")
        + " streams: " + (damages == "0" ? "all as they were written" : damages + " damages"));
  if (damages == "0")
    return exit_code::ok;
  s.say("Bring a backup back: backend-im admin restore FILE --replace");
  return exit_code::failed;
}

caf::expected<exit_code> admin_journal_export(session& s, const arguments& args) {
  const auto from = args.number("from", 1, 1, UINT64_MAX);
  if (!from)
    return from.error();
  auto door = s.connect();
  if (!door)
    return std::move(door.error());
  http::request what;
  what.target
    = "/v1/journal/events?from=" + std::to_string(*from) + (args.has("follow") ? "&follow=1" : "");
  json::object error;
  const auto read = read_lines(*door, what, [&](const std::string& line) {
    if (auto x = object_of(line); text_at(x, "type") == "error")
      error = std::move(x);
    else
      s.print_json(x);
  });
  if (!read)
    return read.error();
  if (!error.empty())
    return late_problem(std::move(error));
  return exit_code::ok;
}

} // namespace backendim::cli
