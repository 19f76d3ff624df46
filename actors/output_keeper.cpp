#include "actors/output_keeper.hpp"

#include "actors/redactor.hpp"
#include "protocol/types.hpp"

#include <utility>

namespace backendim {

namespace {

constexpr size_t page_bytes = 256 << 10;
constexpr std::string_view out_mark = " 1 ", err_mark = " 2 ";

/// When the last line of the log was written; empty: there is none.
caf::expected<std::string> last_kept(log_store& logs, const std::string& log) {
  std::string result;
  for (uint64_t at = 0;;) {
    auto page = logs.read(log, at, page_bytes);
    if (!page)
      return std::move(page.error());
    if (page->lines.empty())
      return result;
    for (const auto& line : page->lines)
      if (const auto known = from_kept_form(line); !known.at.empty())
        result = known.at;
    at = page->next;
  }
}

} // namespace

std::string kept_form(const output_line& x, std::string_view text) {
  std::string result{x.at};
  result += x.from == output_stream::err ? err_mark : out_mark;
  result += text;
  return result;
}

output_line from_kept_form(std::string_view line) {
  const auto space = line.find(' ');
  const auto mark = space == line.npos ? std::string_view{} : line.substr(space, out_mark.size());
  const bool stamped = space > 0 && line.front() >= '0' && line.front() <= '9';
  if (!stamped || (mark != out_mark && mark != err_mark))
    return {output_stream::out, {}, line};
  return {mark == err_mark ? output_stream::err : output_stream::out, line.substr(0, space),
          line.substr(space + out_mark.size())};
}

/// A line is known by its time, which the engine gives in a form that sorts: what was kept before a
/// restart of the platform is not kept again, and what was written meanwhile is not missed.
output_actor::behavior_type output_keeper(output_actor::pointer, output_tools tools,
                                          std::stop_token stop) {
  return {
    [tools, stop](const keep_output& x) -> caf::result<output_kept> {
      const auto last = last_kept(*tools.logs, x.log);
      if (!last)
        return last.error();
      const auto redacted = redactor_of(*tools.keys, x.secrets);
      caf::error lost;
      auto done = tools.engine->container_output(
        x.container,
        [&](const output_line& line) {
          if (line.at <= *last)
            return;
          if (auto kept = tools.logs->append(x.log, kept_form(line, redacted(line.text))); !kept)
            lost = kept.error();
        },
        stop);
      if (!done && done.error() != ec::not_found) // gone: there is no more to read
        return done.error();
      if (lost)
        return lost;
      if (stop.stop_requested())
        return caf::make_error(ec::unavailable, "the platform is stopping");
      return output_kept{x.log};
    },
  };
}

} // namespace backendim
