#pragma once

#include "bin/cli/verb.hpp"

#include <boost/json/object.hpp>
#include <caf/error.hpp>

#include <string>

namespace backendim::cli {

/// An error that is a problem document (RFC 9457): one of the platform's, or one of our own in the
/// same form. An own one may have "next", what to do about it, and "exit", what to end with.
caf::error make_problem(boost::json::object document);

/// The command line is wrong. *suggestion* is what was probably meant, or empty.
caf::error usage_problem(std::string detail, std::string suggestion = "");

/// Something on this machine stands in the way; *next* says what to do.
caf::error local_problem(std::string code, std::string detail, std::string next = "");

/// Any error as a problem document.
boost::json::object problem_of(const caf::error& why);

/// What the program ends with when *problem* ends it.
exit_code exit_code_of(const boost::json::object& problem);

/// The same for an error.
exit_code exit_code_of(const caf::error& why);

/// For people: what happened, its evidence, what to do, and the words to search for. Safe to print.
std::string problem_text(const boost::json::object& problem, bool color);

/// A member that is text, or empty: what others sent may have any form.
std::string text_at(const boost::json::object& x, std::string_view key);

/// A member that is an object, or an empty one.
const boost::json::object& object_at(const boost::json::object& x, std::string_view key);

} // namespace backendim::cli
