#pragma once

#include <boost/json/object.hpp>

#include <chrono>
#include <optional>
#include <string>

namespace backendim::cli {

/// A deployment as GET /v1/deployments/{id} has it, for people, printable.
std::string deployment_text(const boost::json::object& x);

/// What a deployment waits for, like "waiting for a build slot, 3rd, about 40s"; empty: nothing.
std::string waiting_text(const boost::json::object& waiting);

/// What is known of a canary, from canary_info or a sample of it: "23 s: 3 of 120 requests failed,
/// of the others 0 of 1080".
std::string canary_text(const boost::json::object& x);

/// A duration that is only estimated: "40s", "3 min", "5 h", "12 days".
std::string rough_text(std::chrono::milliseconds x);

/// Between two RFC 3339 times; none when either is none.
std::optional<std::chrono::milliseconds> time_between(const std::string& from,
                                                      const std::string& to);

/// The error of a deployment as a problem document, with the deployment's id.
boost::json::object deployment_problem(const boost::json::object& failure, const std::string& id);

} // namespace backendim::cli
