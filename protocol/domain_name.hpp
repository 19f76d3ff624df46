#pragma once

#include <caf/expected.hpp>

#include <string>
#include <string_view>

namespace backendim {

/// What the name of a domain's TXT record begins with, behind which the domain stands.
constexpr std::string_view domain_record_prefix = "_backend-im.";

/// What stands in that record before the token.
constexpr std::string_view domain_record_value = "backend-im=";

/// *text* as domains are kept: lower case, no dot at the end. Fails with invalid_request and a
/// decode_error at *pointer* for what is no name below a top-level domain (RFC 1123), with or
/// without room for the TXT record's prefix, and for wildcards, IP addresses and localhost.
caf::expected<std::string> domain_name(std::string_view text, const std::string& pointer);

/// Whether *name* is *zone* or below it; both as domain_name() gives them.
bool is_within(std::string_view name, std::string_view zone);

} // namespace backendim
