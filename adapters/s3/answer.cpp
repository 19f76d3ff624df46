#include "adapters/s3/answer.hpp"

#include "protocol/error.hpp"

#include <boost/property_tree/xml_parser.hpp>

#include <array>
#include <cstdio>
#include <ctime>
#include <sstream>

namespace backendim::s3 {

namespace tree = boost::property_tree;

caf::expected<tree::ptree> parse_xml(const std::string& text, const std::string& root) {
  tree::ptree result;
  std::istringstream in{text};
  try {
    tree::read_xml(in, result);
  } catch (const tree::ptree_error& x) {
    return caf::make_error(ec::unavailable,
                           std::string{"not the answer of an S3 server: "} + x.what());
  }
  const auto found = result.get_child_optional(root);
  if (!found)
    return caf::make_error(ec::unavailable, "not the answer of an S3 server: no " + root);
  return *found;
}

complaint complaint_of(const http::response& x) {
  if (x.body.find("<Error>") == x.body.npos)
    return {};
  const auto parsed = parse_xml(x.body, "Error");
  if (!parsed)
    return {};
  return {parsed->get("Code", ""), parsed->get("Message", "")};
}

bool worth_another_try(const http::response& x, const complaint& why) {
  constexpr std::array damaged_or_late{"RequestTimeout", "XAmzContentSHA256Mismatch", "BadDigest",
                                       "IncompleteBody", "OperationAborted",          "SlowDown",
                                       "InternalError",  "ServiceUnavailable"};
  for (const auto* code : damaged_or_late)
    if (why.code == code)
      return true;
  return x.status == 429 || (x.status >= 500 && x.status != 501 && x.status != 507);
}

caf::error refusal(const http::response& x, const complaint& why, const std::string& what) {
  const auto status = "HTTP " + std::to_string(x.status);
  const auto words = why.code.empty() ? status : why.code + ": " + why.message;
  if (x.status == 404 && why.code != "NoSuchBucket")
    return caf::make_error(ec::not_found, what + ": " + words);
  return caf::make_error(ec::unavailable, "the S3 server refuses " + what + ": " + words);
}

std::chrono::system_clock::time_point parse_time(const std::string& text) {
  std::tm parts{};
  int millis = 0;
  if (std::sscanf(text.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ", &parts.tm_year, &parts.tm_mon,
                  &parts.tm_mday, &parts.tm_hour, &parts.tm_min, &parts.tm_sec, &millis)
      < 6)
    return {};
  parts.tm_year -= 1900;
  parts.tm_mon -= 1;
  return std::chrono::system_clock::from_time_t(::timegm(&parts))
         + std::chrono::milliseconds{millis};
}

} // namespace backendim::s3
