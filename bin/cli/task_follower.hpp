#pragma once

#include "bin/cli/platform.hpp"
#include "bin/cli/session.hpp"
#include "bin/cli/verb.hpp"

#include <boost/json/object.hpp>
#include <caf/expected.hpp>

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>

namespace backendim::cli {

/// Shows what one one-off task writes, to its end, and says what the program is to end with.
class task_follower {
public:
  /// *info* is the task as the platform gave it.
  task_follower(session& s, platform& door, std::string app, const boost::json::object& info,
                std::chrono::steady_clock::time_point began);

  caf::expected<exit_code> run();

private:
  caf::expected<stream_end> follow(std::stop_token stop,
                                   std::optional<std::chrono::steady_clock::time_point> until);
  bool on_event(const http::sse_event& event);
  caf::expected<exit_code> conclude();
  caf::expected<exit_code> interrupted();
  exit_code finish(const boost::json::object& info, exit_code code, boost::json::object problem);

  session& session_;
  platform& door_;
  std::string app_;
  std::string id_;
  std::string target_;
  std::string last_id_;
  std::chrono::steady_clock::time_point began_;
};

} // namespace backendim::cli
