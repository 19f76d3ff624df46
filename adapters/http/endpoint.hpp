#pragma once

#include <boost/asio/ssl/context.hpp>
#include <caf/expected.hpp>

#include <string>
#include <string_view>

namespace backendim::http {

/// What a URL says of a connection.
struct endpoint_address {
  bool tls = false;
  std::string unix_path; ///< Not empty: the rest does not matter.
  std::string host;
  std::string port;
  std::string authority; ///< The Host field.
};

/// "http://host:port", "https://host" or "unix:///path". Fails with invalid_request.
caf::expected<endpoint_address> parse_endpoint(const std::string& text);

/// A name that is this machine whatever its resolver says.
bool is_local_name(std::string_view host);

/// Has *tls* trust what *ca_file* says; empty: what the machine trusts. Fails with invalid_request.
caf::error set_trust(boost::asio::ssl::context& tls, const std::string& ca_file);

} // namespace backendim::http
