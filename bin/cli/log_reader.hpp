#pragma once

#include "bin/cli/platform.hpp"

#include <caf/expected.hpp>
#include <caf/unit.hpp>

#include <functional>
#include <stop_token>
#include <string>

namespace backendim::cli {

struct log_request {
  std::string target;       ///< With its query.
  std::string target_again; ///< After a broken connection; empty: target behind the last id.
  std::stop_token stop;
};

/// Hands the lines of a log to *on_line* until the log ends or the stop. A line that comes again
/// after a reconnect is left out. Fails as platform::follow.
caf::expected<stream_end> read_log(platform& door, const log_request& what,
                                   const std::function<void(const std::string&)>& on_line,
                                   const std::function<void()>& on_reconnect = {});

} // namespace backendim::cli
