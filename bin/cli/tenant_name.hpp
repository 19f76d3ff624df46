#pragma once

#include "bin/cli/platform.hpp"
#include "bin/cli/session.hpp"

#include <boost/json/value.hpp>
#include <caf/expected.hpp>

#include <string>

namespace backendim::cli {

/// What --tenant says, else the caller's own. Fails when the platform does not say who that is.
caf::expected<std::string> tenant_or_own(platform& door, const arguments& args);

/// Prints the token of a new member, and says what to do with it. *answer* is the platform's.
void show_token(session& s, const boost::json::value& answer, const std::string& url);

} // namespace backendim::cli
