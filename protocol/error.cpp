#include "protocol/error.hpp"

#include "protocol/types.hpp"

#include <caf/atom.hpp>
#include <caf/message.hpp>
#include <caf/sec.hpp>

#include <utility>

namespace backendim {

std::string to_string(ec code) {
  return boost::describe::enum_to_string(code, "unknown");
}

unsigned http_status(ec code) {
  switch (code) {
    case ec::invalid_request: return 400;
    case ec::unauthenticated: return 401;
    case ec::forbidden: return 403;
    case ec::not_found: return 404;
    case ec::conflict: return 409;
    case ec::too_large: return 413;
    case ec::quota_exceeded: return 403;
    case ec::build_failed: return 422;
    case ec::over_quota: return 429;
    case ec::internal: return 500;
    case ec::unavailable: return 503;
    case ec::timed_out: return 504;
  }
  return 500;
}

caf::error make_failure(ec code, failure why) {
  return caf::make_error(code, std::move(why));
}

caf::error disk_full(std::string evidence) {
  return make_failure(ec::unavailable, {cause::disk_full,
                                        "The platform's disk is full.",
                                        {std::move(evidence)},
                                        "The operator has to free space; then deploy again."});
}

failure failure_of(const caf::error& reason) {
  const auto domain = to_domain_error(reason);
  if (domain.context().match_elements<failure>())
    return domain.context().get_as<failure>(0);
  if (domain.context().match_elements<quota_refusal>()) {
    const auto& x = domain.context().get_as<quota_refusal>(0);
    return {cause::quota_exceeded, x.detail, {}, x.next};
  }
  failure result;
  result.message = render(domain);
  if (domain == ec::timed_out) {
    result.code = cause::deadline_passed;
    result.next = "Try again; if it stays slow, look at the build log and the node's load.";
  } else { // whoever refuses a source says so in a failure of his own
    result.next = "Try again; if it fails again, tell the operator the deployment's id.";
  }
  return result;
}

caf::error to_domain_error(const caf::error& reason) {
  if (reason.category() == caf::atom("backendim"))
    return reason;
  if (reason == caf::sec::request_timeout)
    return caf::make_error(ec::timed_out, "no reply before the deadline");
  if (reason == caf::sec::runtime_error)
    return caf::make_error(ec::internal, "a handler threw");
  return caf::make_error(ec::unavailable, to_string(reason));
}

std::string render(const caf::error& reason) {
  if (reason.category() != caf::atom("backendim"))
    return to_string(reason);
  auto result = to_string(static_cast<ec>(reason.code()));
  const auto& context = reason.context();
  if (context.match_elements<std::string>()) {
    result += ": " + context.get_as<std::string>(0);
  } else if (context.match_elements<failure>()) {
    result += ": " + context.get_as<failure>(0).message;
  } else if (context.match_elements<admission_refusal>()) {
    result += ": " + context.get_as<admission_refusal>(0).detail;
  } else if (context.match_elements<quota_refusal>()) {
    result += ": " + context.get_as<quota_refusal>(0).detail;
  } else if (context.match_elements<access_refusal>()) {
    result += ": " + context.get_as<access_refusal>(0).detail;
  } else if (context.match_elements<decode_error>()) {
    const auto& x = context.get_as<decode_error>(0);
    result += ": at \"" + x.pointer + "\": expected " + x.expected + ", found " + x.found;
    if (!x.suggestion.empty())
      result += "; did you mean \"" + x.suggestion + "\"?";
  }
  return result;
}

} // namespace backendim
