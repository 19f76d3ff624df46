#pragma once

#include "adapters/http/client.hpp"

#include <boost/property_tree/ptree.hpp>
#include <caf/error.hpp>
#include <caf/expected.hpp>

#include <chrono>
#include <string>
#include <string_view>

namespace backendim::s3 {

/// What an S3 server says is wrong; empty when it says nothing of the kind.
struct complaint {
  std::string code; ///< Like NoSuchKey.
  std::string message;
};

/// Of an answer of any status: some failures come with 200.
complaint complaint_of(const http::response& x);

/// Whether the same request may succeed a moment later.
bool worth_another_try(const http::response& x, const complaint& why);

/// The error of an answer that should not have been.
caf::error refusal(const http::response& x, const complaint& why, const std::string& what);

/// The element *root* of an XML document. Fails with unavailable when there is none.
caf::expected<boost::property_tree::ptree> parse_xml(const std::string& text,
                                                     const std::string& root);

/// "2026-11-24T11:05:25.123Z"; the epoch when it is something else.
std::chrono::system_clock::time_point parse_time(const std::string& text);

} // namespace backendim::s3
