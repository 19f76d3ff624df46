#pragma once

#include "adapters/http/sse.hpp"
#include "bin/cli/platform.hpp"
#include "bin/cli/progress.hpp"
#include "bin/cli/session.hpp"
#include "bin/cli/verb.hpp"

#include <boost/json/object.hpp>
#include <caf/expected.hpp>

#include <atomic>
#include <chrono>
#include <deque>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

namespace backendim::cli {

struct follow_options {
  bool verbose = false;
  std::optional<std::chrono::steady_clock::time_point> until;
  std::chrono::steady_clock::time_point began; ///< What took_ms counts from.
};

/// Follows one deployment to its end, shows it, and says what the program is to end with.
class deployment_follower {
public:
  /// *info* is the deployment as the platform gave it.
  deployment_follower(session& s, platform& door, progress& shown, boost::json::object info,
                      follow_options options);

  caf::expected<exit_code> run();

private:
  bool on_event(const http::sse_event& event);
  void on_step(const boost::json::object& data);
  void show_build_log(const std::stop_token& stop);
  void end_step(const std::string& at);
  exit_code conclude();
  exit_code interrupted();
  exit_code late();
  exit_code lost(const caf::error& why);
  std::deque<std::string> build_tail();
  /// Prints the result; *problem* is empty when it succeeded.
  exit_code finish(exit_code code, boost::json::object problem);

  session& session_;
  platform& door_;
  progress& shown_;
  boost::json::object info_;
  follow_options options_;
  std::string id_;
  std::string state_;
  std::string step_began_;
  boost::json::object ended_; ///< The event's data.
  std::atomic<bool> log_ended_{false};
  std::jthread log_; ///< Shows the build log.
};

/// What the flags timeout and verbose say.
caf::expected<follow_options> read_follow_options(const arguments& args);

/// Follows the deployment that the platform *made*; *detached*: prints its id and that is all.
caf::expected<exit_code> follow_accepted(session& s, platform& door, progress& shown,
                                         const boost::json::value& made, follow_options options,
                                         bool detached);

} // namespace backendim::cli
