#include "bin/cli/task_follower.hpp"

#include "bin/cli/problem.hpp"
#include "bin/cli/terminal.hpp"

#include <boost/json.hpp>

#include <ostream>
#include <utility>

namespace backendim::cli {

namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

constexpr auto patience_with_its_end = 30s; // the platform gives a command ten seconds

/// Why a task has no exit code.
json::object problem_of_end(const std::string& state, const json::object& info,
                            const std::string& id) {
  if (const auto& failure = object_at(info, "error"); !failure.empty())
    return {{"code", text_at(failure, "code")},
            {"detail", text_at(failure, "message")},
            {"next", text_at(failure, "next")},
            {"failure", failure},
            {"task", id}};
  auto detail = "the command was " + state;
  if (state == "timed_out")
    detail = "the command took longer than it may and was ended";
  return {{"code", state}, {"detail", detail}, {"task", id}};
}

} // namespace

task_follower::task_follower(session& s, platform& door, std::string app, const json::object& info,
                             std::chrono::steady_clock::time_point began)
  : session_{s}, door_{door}, app_{std::move(app)}, id_{text_at(info, "id")},
    target_{"/v1/apps/" + http::percent_encode(app_) + "/tasks/" + http::percent_encode(id_)},
    began_{began} {}

caf::expected<exit_code> task_follower::run() {
  const auto end = follow(session_.around().signals.catch_next(), std::nullopt);
  if (!end) {
    auto problem = problem_of(end.error());
    problem["task"] = id_;
    problem["next"] = "It may go on; see it: backend-im ps " + app_;
    return make_problem(std::move(problem));
  }
  if (*end == stream_end::stopped)
    return interrupted();
  return conclude();
}

caf::expected<stream_end>
task_follower::follow(std::stop_token stop,
                      std::optional<std::chrono::steady_clock::time_point> until) {
  subscription lines;
  lines.target = target_ + "/logs?follow=1";
  lines.last_id = last_id_;
  lines.stop = std::move(stop);
  lines.until = until;
  lines.on_event = [this](const http::sse_event& x) { return on_event(x); };
  return door_.follow(std::move(lines));
}

bool task_follower::on_event(const http::sse_event& event) {
  if (event.event == "end")
    return false;
  if (event.event != "line")
    return true;
  json::error_code failed;
  const auto value = json::parse(event.data, failed);
  const auto* data = failed ? nullptr : value.if_object();
  // Each line has an id of its own; one that came again came over a new connection.
  if (!data || (!event.id.empty() && event.id == last_id_))
    return true;
  last_id_ = event.id;
  const auto line = text_at(*data, "line");
  if (session_.json())
    session_.print_json(json::object{{"type", "line"},
                                     {"stream", text_at(*data, "stream")},
                                     {"at", text_at(*data, "at")},
                                     {"line", line}});
  else if (text_at(*data, "stream") == "stderr")
    session_.around().err << printable(line) << '\n' << std::flush;
  else
    session_.print(line);
  return true;
}

caf::expected<exit_code> task_follower::conclude() {
  session_.around().signals.catch_none();
  const auto answer = door_.patiently([&] { return door_.get(target_); });
  if (!answer)
    return answer.error();
  const auto* info = answer->if_object();
  if (!info)
    return local_problem("strange_answer", door_.url() + " gave no task");
  const auto state = text_at(*info, "state");
  const auto* code = info->if_contains("exit_code");
  if (state != "exited" || !code || !code->is_int64())
    return finish(*info, exit_code::failed, problem_of_end(state, *info, id_));
  const auto* memory = info->if_contains("out_of_memory");
  if (memory && *memory == true)
    session_.say("The command was killed because it used more memory than it may.");
  return finish(*info, static_cast<exit_code>(code->get_int64() & 0xff), {});
}

/// The first Ctrl-C ends the command, whose last words are still shown; a second one ends us.
caf::expected<exit_code> task_follower::interrupted() {
  session_.around().signals.catch_none();
  const auto answer = door_.command("DELETE", target_, json::object{});
  json::object problem{
    {"code", "interrupted"}, {"detail", "interrupted; the command is ended"}, {"task", id_}};
  if (!answer && exit_code_of(answer.error()) != exit_code::failed) { // failed: it had ended
    problem["detail"] = "interrupted; the command could not be ended: "
                        + text_at(problem_of(answer.error()), "detail");
    problem["next"] = "Try again: backend-im tasks cancel " + id_ + " --app " + app_;
    return finish({}, exit_code::interrupted, std::move(problem));
  }
  (void)follow({}, std::chrono::steady_clock::now() + patience_with_its_end);
  const auto state = door_.get(target_);
  const json::object none;
  const auto* info = state ? state->if_object() : nullptr;
  return finish(info ? *info : none, exit_code::interrupted, std::move(problem));
}

exit_code task_follower::finish(const json::object& info, exit_code code, json::object problem) {
  using std::chrono::milliseconds;
  const auto took
    = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - began_);
  if (!session_.json()) {
    if (!problem.empty())
      session_.around().err << problem_text(problem, session_.color()) << std::flush;
    return code;
  }
  json::object line{{"type", "result"}, {"task", id_}, {"app", app_}};
  for (const auto* key : {"release", "state", "exit_code", "out_of_memory"})
    if (const auto* value = info.if_contains(key))
      line[key] = *value;
  line["took_ms"] = took.count();
  if (const auto& failure = object_at(problem, "failure"); !failure.empty())
    line["error"] = failure;
  else if (!problem.empty())
    line["error"] = json::object{{"code", text_at(problem, "code")},
                                 {"message", text_at(problem, "detail")},
                                 {"evidence", json::array{}},
                                 {"next", text_at(problem, "next")}};
  session_.print_json(line);
  return code;
}

} // namespace backendim::cli
