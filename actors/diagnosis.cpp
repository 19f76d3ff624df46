#include "actors/diagnosis.hpp"

#include "actors/missing_variable.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace backendim {

using namespace std::chrono_literals;

namespace {

constexpr size_t shown_lines = 12;
constexpr auto settle_time = 2s;  // frameworks open a debug port first, or rebind
constexpr auto start_grace = 60s; // for an app that opens no port at all

bool is_loopback(const std::string& address) {
  return address.starts_with("127.") || address == "::1";
}

std::vector<std::string> last_lines(const std::vector<std::string>& log) {
  return {log.size() > shown_lines ? log.end() - shown_lines : log.begin(), log.end()};
}

std::string listed(const std::set<uint16_t>& ports) {
  std::string result;
  for (auto port : ports)
    result.append(result.empty() ? "" : ", ").append(std::to_string(port));
  return result;
}

} // namespace

failure diagnose_exit(const task& ended, const evidence& shown) {
  failure result{
    cause::app_crashed,
    "The app ended with exit code " + std::to_string(ended.exit_code) + " before it was ready.",
    last_lines(shown.log), "Read the output above, run the start command locally, deploy again."};
  result.evidence.push_back("exit code " + std::to_string(ended.exit_code));
  if (!ended.message.empty())
    result.evidence.push_back(ended.message);
  if (ended.out_of_memory) {
    result.code = cause::app_out_of_memory;
    result.message = "The app was killed because it used more memory than it may.";
    result.next = "Make it use less memory at start, or ask the operator for a higher limit.";
    return result;
  }
  for (const auto& line : shown.log)
    if (auto name = missing_variable(line); !name.empty()) {
      result.code = cause::missing_environment;
      result.message = "The app ended because the environment variable " + name + " is not set.";
      result.next = "Add it to backend-im.yml: env: {" + name + ": \"…\"}, then deploy again.";
      return result;
    }
  if (ended.exit_code == 127 || ended.exit_code == 126
      || ended.message.find("executable file not found") != std::string::npos) {
    result.code = cause::missing_binary;
    result.message = "The start command does not exist in the image.";
    result.next = "Check start in backend-im.yml, or CMD in the Dockerfile.";
  } else if (ended.exit_code == 0) {
    result.message = "The app ended by itself with exit code 0; a web app has to go on running.";
    result.next = "Make the start command stay in the foreground and listen on $PORT.";
  }
  return result;
}

failure diagnose_end(const task& ended, const evidence& shown) {
  auto result = diagnose_exit(ended, shown);
  if (result.code != cause::app_crashed)
    return result;
  result.message = "The app ended by itself with exit code " + std::to_string(ended.exit_code)
                   + " while it was serving.";
  result.next = "Read the output above, mend it, deploy again.";
  return result;
}

failure diagnose_command(const task_ended& x) {
  failure result{cause::release_command_failed,
                 "The release command ended with exit code " + std::to_string(x.what.exit_code)
                   + "; the release was not started.",
                 last_lines(x.log), "Read the output above, mend the command, deploy again."};
  if (x.what.out_of_memory)
    result.message = "The release command was killed because it used more memory than it may.";
  result.evidence.push_back("exit code " + std::to_string(x.what.exit_code));
  if (!x.what.message.empty())
    result.evidence.push_back(x.what.message);
  return result;
}

std::optional<failure> diagnose_silence(const await_release& wanted, const evidence& shown,
                                        std::chrono::milliseconds refused_for) {
  if (refused_for < settle_time)
    return std::nullopt;
  std::set<uint16_t> open, loopback;
  for (const auto& socket : shown.listening)
    (is_loopback(socket.address) ? loopback : open).insert(socket.port);
  const auto port = std::to_string(wanted.port);
  failure result;
  for (const auto& socket : shown.listening)
    result.evidence.push_back("listens on " + socket.address + " port "
                              + std::to_string(socket.port));
  if (loopback.contains(wanted.port) && !open.contains(wanted.port)) {
    result.code = cause::listens_on_loopback;
    result.message = "The app listens on 127.0.0.1 only, where nobody outside of its container "
                     "reaches it.";
    result.next = "Listen on 0.0.0.0 (all interfaces), port " + port + ".";
    return result;
  }
  if (!open.empty() && !open.contains(wanted.port)) {
    result.code = cause::wrong_port;
    result.message
      = "The app listens on port " + listed(open) + ", but port " + port + " was expected.";
    result.next = "Read the port from the PORT environment variable, or set port: "
                  + std::to_string(*open.begin()) + " in backend-im.yml.";
    return result;
  }
  if (refused_for < start_grace)
    return std::nullopt;
  for (auto& line : last_lines(shown.log))
    result.evidence.push_back(std::move(line));
  result.code = cause::not_listening;
  result.message = "The app runs, but did not open port " + port + " within "
                   + std::to_string(start_grace.count()) + " s.";
  result.next = "Look at its output above; make it listen on 0.0.0.0:$PORT.";
  return result;
}

failure diagnose_health(const await_release& wanted, unsigned status, const evidence& shown) {
  failure result{cause::unhealthy,
                 "The health path " + wanted.health_path + " answers " + std::to_string(status)
                   + ".",
                 last_lines(shown.log),
                 "Make " + wanted.health_path
                   + " answer below 400 when the app is ready, or change health_check in "
                     "backend-im.yml."};
  result.evidence.push_back("GET " + wanted.health_path + " on port " + std::to_string(wanted.port)
                            + ": " + std::to_string(status));
  return result;
}

std::optional<failure> diagnose_placement(const task& pending) {
  const auto says
    = [&](std::string_view text) { return pending.message.find(text) != std::string::npos; };
  if (says("No such image") || says("manifest unknown"))
    return failure{cause::image_missing,
                   "The engine cannot pull the release's image.",
                   {pending.message},
                   "Check that the registry runs, then deploy again."};
  if (says("executable file not found") || says("no such file or directory"))
    return failure{cause::missing_binary,
                   "The start command does not exist in the image.",
                   {pending.message},
                   "Check start in backend-im.yml, or CMD in the Dockerfile."};
  if (says("no suitable node"))
    return failure{cause::unschedulable,
                   "No node has room for the app.",
                   {pending.message},
                   "Stop something, or add a node."};
  if (pending.phase == task_phase::failed && pending.container.empty() && !pending.message.empty())
    return failure{cause::engine_unavailable,
                   "The engine could not start the app's container.",
                   {pending.message},
                   "Tell the operator; the message is the engine's own."};
  return std::nullopt;
}

} // namespace backendim
