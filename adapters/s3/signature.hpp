#pragma once

#include "adapters/http/client.hpp"

#include <chrono>
#include <map>
#include <string>
#include <string_view>

namespace backendim::s3 {

/// Who asks an S3 server, and where it thinks it is.
struct identity_keys {
  std::string access_key;
  std::string secret_key;
  std::string region;
};

/// A request before it is signed: path and query are not yet encoded.
struct unsigned_request {
  std::string method;
  std::string path; ///< With a slash in front.
  std::map<std::string, std::string> query;
  std::map<std::string, std::string> headers; ///< Lower case; of those, x-amz-… are signed.
};

/// The target and the headers that make it a request of *keys* (AWS Signature Version 4).
/// *host* is the Host field that will be sent; *body_digest* the hex SHA-256 of the body, which the
/// server compares with what arrives.
struct signed_parts {
  std::string target;
  std::vector<http::header> headers;
};
signed_parts sign(const unsigned_request& what, const std::string& host,
                  const std::string& body_digest, const identity_keys& keys,
                  std::chrono::system_clock::time_point now);

} // namespace backendim::s3
