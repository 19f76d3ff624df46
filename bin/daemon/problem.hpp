#pragma once

#include "adapters/http/client.hpp"
#include "protocol/error.hpp"

#include <string>

namespace backendim::daemon {

/// *why* as application/problem+json (RFC 9457), with our members code, request_id and, where they
/// apply, pointer, expected, found, suggestion, failure and why (of a refusal that passes, with
/// Retry-After). What an internal error says stays in our log.
http::response problem(const caf::error& why, const std::string& request_id);

/// With a status that says it more exactly than the code's own.
http::response problem_as(unsigned status, const caf::error& why, const std::string& request_id);

} // namespace backendim::daemon
