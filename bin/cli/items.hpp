#pragma once

#include "bin/cli/session.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <functional>
#include <string>
#include <vector>

namespace backendim::cli {

/// Prints the "items" of *answer* as a table, what *row* makes of each under *heads*; with --json,
/// or when there are none to be found, the answer itself. An empty list prints nothing and says
/// *none*.
void print_items(session& s, const boost::json::value& answer, std::vector<std::string> heads,
                 const std::function<std::vector<std::string>(const boost::json::object&)>& row,
                 const std::string& none = "");

} // namespace backendim::cli
