#include "bin/daemon/problem.hpp"

#include "protocol/json.hpp"
#include "protocol/types.hpp"

#include <boost/json.hpp>

#include <spdlog/spdlog.h>

namespace backendim::daemon {

namespace {

const char* title(ec code) {
  switch (code) {
    case ec::invalid_request: return "The request cannot succeed as it was sent";
    case ec::unauthenticated: return "Nobody we know is asking";
    case ec::forbidden: return "This caller may not do this";
    case ec::not_found: return "There is no such thing";
    case ec::conflict: return "This clashes with the current state";
    case ec::build_failed: return "The build or the release failed";
    case ec::over_quota: return "A limit is reached";
    case ec::internal: return "Backend.im made a mistake";
    case ec::unavailable: return "Something needed does not answer; try again";
    case ec::timed_out: return "The answer took too long; the outcome is unknown";
    case ec::too_large: return "This is more than may be sent";
    case ec::quota_exceeded: return "The tenant may not have more of this";
  }
  return "";
}

std::string sentence(const decode_error& x) {
  auto result = "expected " + x.expected;
  if (!x.found.empty())
    result += ", found " + x.found;
  if (!x.pointer.empty())
    result = "at " + x.pointer + ": " + result;
  return result;
}

} // namespace

http::response problem(const caf::error& why, const std::string& request_id) {
  return problem_as(http_status(static_cast<ec>(to_domain_error(why).code())), why, request_id);
}

http::response problem_as(unsigned status, const caf::error& why, const std::string& request_id) {
  const auto reason = to_domain_error(why);
  const auto code = static_cast<ec>(reason.code());
  const auto& context = reason.context();
  boost::json::object body;
  std::string retry_after;
  body["type"] = "urn:backend-im:problem:" + to_string(code);
  body["title"] = title(code);
  body["status"] = status;
  if (code == ec::internal) {
    spdlog::error("request={} internal why=\"{}\"", request_id, render(reason));
    body["detail"] = "The log of backendimd says more under this request_id.";
  } else if (context.match_elements<std::string>()) {
    body["detail"] = context.get_as<std::string>(0);
  } else if (context.match_elements<failure>()) {
    const auto& x = context.get_as<failure>(0);
    body["detail"] = x.message;
    body["failure"] = to_json(x);
  } else if (context.match_elements<admission_refusal>()) {
    const auto& x = context.get_as<admission_refusal>(0);
    body["detail"] = x.detail;
    body["why"] = boost::describe::enum_to_string(x.why, "");
    body["retry_after"] = x.retry_after.count();
    retry_after = std::to_string(x.retry_after.count());
  } else if (context.match_elements<quota_refusal>()) {
    const auto& x = context.get_as<quota_refusal>(0);
    body["detail"] = x.detail;
    body["quota"] = boost::describe::enum_to_string(x.quota, "");
    body["used"] = x.used;
    body["limit"] = x.limit;
    body["next"] = x.next;
  } else if (context.match_elements<access_refusal>()) {
    const auto& x = context.get_as<access_refusal>(0);
    body["detail"] = x.detail;
    body["needs"] = to_word(x.needs);
    body["next"] = x.next;
  } else if (context.match_elements<decode_error>()) {
    const auto& x = context.get_as<decode_error>(0);
    body["detail"] = sentence(x);
    body["pointer"] = x.pointer;
    body["expected"] = x.expected;
    if (!x.found.empty())
      body["found"] = x.found;
    if (!x.suggestion.empty())
      body["suggestion"] = x.suggestion;
  }
  body["code"] = to_string(code);
  body["request_id"] = request_id;
  http::response result;
  result.status = status;
  result.headers = {{"Content-Type", "application/problem+json"}, {"Cache-Control", "no-store"}};
  if (!retry_after.empty())
    result.headers.push_back({"Retry-After", retry_after});
  if (code == ec::unauthenticated)
    result.headers.push_back({"WWW-Authenticate", "Bearer realm=\"backend-im\""});
  result.body = boost::json::serialize(body) + "\n";
  return result;
}

} // namespace backendim::daemon
