#include "bin/cli/deployment_follower.hpp"

#include "bin/cli/arguments.hpp"
#include "bin/cli/deployment_text.hpp"
#include "bin/cli/log_reader.hpp"
#include "bin/cli/problem.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <ostream>
#include <utility>

namespace backendim::cli {

namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

constexpr size_t shown_log_lines = 20;
constexpr auto log_grace = 5s;

/// What went wrong in a deployment that ended without a failure of its own.
json::object ending_problem(const std::string& state, const json::object& ended,
                            const std::string& id) {
  auto detail = "the deployment was " + state;
  if (state == "superseded")
    detail = "a newer deployment of the app took the place of this one";
  else if (state == "rolled_back")
    detail = "the deployment was rolled back; the release before it serves";
  else if (state == "failed")
    detail = "the deployment failed";
  json::object result{{"code", state}, {"detail", detail}, {"deployment", id}};
  if (const auto by = text_at(ended, "by"); !by.empty())
    result["next"] = "See the newer one: backend-im status " + by;
  return result;
}

} // namespace

deployment_follower::deployment_follower(session& s, platform& door, progress& shown,
                                         json::object info, follow_options options)
  : session_{s}, door_{door}, shown_{shown}, info_{std::move(info)}, options_{options},
    id_{text_at(info_, "id")}, state_{text_at(info_, "state")}, step_began_{
                                                                  text_at(info_, "created")} {}

caf::expected<exit_code> deployment_follower::run() {
  subscription events;
  events.target = "/v1/deployments/" + http::percent_encode(id_) + "/events";
  events.on_event = [this](const http::sse_event& x) { return on_event(x); };
  events.stop = session_.around().signals.catch_next();
  events.until = options_.until;
  shown_.begin(state_.empty() ? "queued" : state_);
  const auto end = door_.follow(std::move(events));
  if (!end)
    return lost(end.error());
  switch (*end) {
    case stream_end::stopped: return interrupted();
    case stream_end::late: return late();
    case stream_end::enough: break;
  }
  return conclude();
}

bool deployment_follower::on_event(const http::sse_event& event) {
  json::error_code failed;
  auto value = json::parse(event.data, failed);
  if (failed || !value.is_object())
    return true; // of a newer platform, which says the same in the events we know
  auto& data = value.as_object();
  if (session_.json())
    session_.print_json(
      json::object{{"type", "event"}, {"id", event.id}, {"event", event.event}, {"data", data}});
  if (event.event == "step_began") {
    on_step(data);
  } else if (event.event == "step_retried") {
    const auto why = text_at(object_at(data, "why"), "message");
    shown_.note("  " + text_at(data, "step")
                + " again: " + (why.empty() ? "the platform was restarted" : why));
  } else if (event.event == "waiting") {
    shown_.detail(waiting_text(data));
  } else if (event.event == "source_fetched") {
    const auto& plan = object_at(data, "plan");
    const auto runtime = text_at(plan, "runtime");
    shown_.detail(text_at(plan, "framework") + (runtime.empty() ? "" : " on " + runtime));
  } else if (event.event == "canary_began") {
    shown_.detail("a canary, gets some of the requests");
  } else if (event.event == "canary_sampled") {
    shown_.detail("a canary for " + canary_text(data));
  } else if (event.event == "canary_promoted") {
    const auto who = text_at(data, "who");
    shown_.note("  promoted" + (who.empty() ? "" : " by " + who) + ", gets all requests");
  } else if (event.event == "deployment_ended") {
    end_step(text_at(data, "at"));
    state_ = text_at(data, "state");
    ended_ = std::move(data);
    return false;
  }
  return true;
}

void deployment_follower::on_step(const json::object& data) {
  end_step(text_at(data, "at"));
  state_ = text_at(data, "step");
  step_began_ = text_at(data, "at");
  shown_.begin(state_);
  if (state_ == "building" && options_.verbose && !log_.joinable())
    log_ = std::jthread{[this](const std::stop_token& stop) {
      show_build_log(stop);
      log_ended_ = true;
    }};
}

void deployment_follower::end_step(const std::string& at) {
  shown_.end(time_between(step_began_, at));
}

void deployment_follower::show_build_log(const std::stop_token& stop) {
  auto door = session_.connect();
  if (!door)
    return;
  const log_request what{"/v1/deployments/" + http::percent_encode(id_) + "/logs?follow=1", "",
                         stop};
  const auto end = read_log(*door, what, [this](const std::string& line) {
    if (session_.json())
      session_.print_json(json::object{{"type", "log"}, {"line", line}});
    else
      shown_.note("  | " + line);
  });
  if (!end)
    shown_.note("  the build log cannot be shown: " + text_at(problem_of(end.error()), "detail"));
}

std::deque<std::string> deployment_follower::build_tail() {
  std::deque<std::string> tail;
  // What the platform said of the failure is shown all the same: an error here is not.
  (void)read_log(door_, {"/v1/deployments/" + http::percent_encode(id_) + "/logs", "", {}},
                 [&](const std::string& line) {
                   tail.push_back(line);
                   if (tail.size() > shown_log_lines)
                     tail.pop_front();
                 });
  return tail;
}

exit_code deployment_follower::conclude() {
  session_.around().signals.catch_none();
  // The log ends with the deployment; finish cuts it when it does not.
  const auto limit = std::chrono::steady_clock::now() + log_grace;
  while (log_.joinable() && !log_ended_ && std::chrono::steady_clock::now() < limit)
    pause_for(10ms, {});
  if (state_ == "succeeded")
    return finish(exit_code::ok, {});
  const auto& failure = object_at(ended_, "error");
  if (failure.empty())
    return finish(exit_code::failed, ending_problem(state_, ended_, id_));
  if (text_at(failure, "code").starts_with("build_") && !options_.verbose && session_.talks()) {
    auto tail = build_tail();
    if (const auto* lines = failure.if_contains("evidence"); lines && lines->is_array())
      std::erase_if(tail, [&](const std::string& line) { // shown below
        return std::ranges::any_of(lines->get_array(), [&](const json::value& x) {
          return x.is_string() && std::string_view{x.get_string()} == line;
        });
      });
    if (!tail.empty())
      shown_.note("  the last lines of the build:");
    for (const auto& line : tail)
      shown_.note("  | " + line);
  }
  return finish(exit_code::failed, deployment_problem(failure, id_));
}

exit_code deployment_follower::interrupted() {
  log_ = {}; // nothing writes between the question and its answer
  shown_.end();
  auto& ask = session_.around().ask;
  bool cancels = !ask;
  if (ask) {
    const auto answer = ask("\nCancel the deployment? It goes on otherwise. [y/N] ", false);
    cancels = answer && (answer->starts_with('y') || answer->starts_with('Y'));
  }
  json::object problem{{"code", "interrupted"},
                       {"detail", "interrupted; the deployment goes on"},
                       {"next", "See it: backend-im status " + id_},
                       {"deployment", id_}};
  if (cancels) {
    const auto answer = door_.command(
      "POST", "/v1/deployments/" + http::percent_encode(id_) + "/cancel", json::object{});
    if (answer && answer->is_object()) {
      if (auto state = text_at(answer->get_object(), "state"); !state.empty())
        state_ = std::move(state);
      problem["detail"] = "interrupted; the deployment is " + state_;
      problem.erase("next");
    } else if (!answer) {
      problem["detail"] = "interrupted; the deployment could not be cancelled: "
                          + text_at(problem_of(answer.error()), "detail");
    }
  }
  return finish(exit_code::interrupted, std::move(problem));
}

exit_code deployment_follower::late() {
  shown_.end();
  return finish(exit_code::failed, {{"code", "timed_out"},
                                    {"detail", "not ended within --timeout; it goes on"},
                                    {"next", "See it: backend-im status " + id_},
                                    {"deployment", id_}});
}

exit_code deployment_follower::lost(const caf::error& why) {
  shown_.end();
  auto problem = problem_of(why);
  const auto code = exit_code_of(problem);
  problem["deployment"] = id_;
  problem["next"] = "It may go on; see it: backend-im status " + id_;
  return finish(code, std::move(problem));
}

exit_code deployment_follower::finish(exit_code code, json::object problem) {
  using std::chrono::milliseconds;
  session_.around().signals.catch_none();
  log_ = {}; // stops it
  const auto took
    = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - options_.began);
  const auto url = text_at(info_, "url");
  if (session_.json()) {
    json::object line{
      {"type", "result"},       {"state", state_},     {"url", url},
      {"deployment", id_},      {"app", info_["app"]}, {"release", info_["release"]},
      {"took_ms", took.count()}};
    problem.erase("exit");
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
  if (!problem.empty())
    session_.around().err << problem_text(problem, session_.color()) << std::flush;
  else
    session_.print(url);
  return code;
}

namespace {

constexpr uint64_t longest_wait = 24 * 60 * 60; // seconds

void tell_of_acceptance(session& s, const json::object& info, bool detached) {
  if (s.json())
    s.print_json(json::object{{"type", "deployment"},
                              {"deployment", text_at(info, "id")},
                              {"app", text_at(info, "app")},
                              {"url", text_at(info, "url")},
                              {"state", text_at(info, "state")}});
  else if (detached)
    s.print(text_at(info, "id"));
}

} // namespace

caf::expected<follow_options> read_follow_options(const arguments& args) {
  follow_options result;
  result.began = std::chrono::steady_clock::now();
  result.verbose = args.has("verbose");
  const auto seconds = args.number("timeout", 0, 1, longest_wait);
  if (!seconds)
    return seconds.error();
  if (args.has("timeout"))
    result.until = result.began + std::chrono::seconds{*seconds};
  return result;
}

caf::expected<exit_code> follow_accepted(session& s, platform& door, progress& shown,
                                         const json::value& made, follow_options options,
                                         bool detached) {
  if (!made.is_object() || text_at(made.get_object(), "id").empty())
    return local_problem("strange_answer", door.url() + " gave no deployment");
  tell_of_acceptance(s, made.get_object(), detached);
  if (detached)
    return exit_code::ok;
  return deployment_follower{s, door, shown, made.get_object(), options}.run();
}

} // namespace backendim::cli
