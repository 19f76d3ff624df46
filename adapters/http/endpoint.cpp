#include "adapters/http/endpoint.hpp"

#include "protocol/error.hpp"

#include <boost/url/parse.hpp>

#include <utility>

namespace backendim::http {

caf::expected<endpoint_address> parse_endpoint(const std::string& text) {
  endpoint_address result;
  if (text.starts_with("unix://")) {
    result.unix_path = text.substr(7);
    result.authority = "localhost";
    if (result.unix_path.empty() || result.unix_path.size() > 107)
      return caf::make_error(ec::invalid_request, "not a socket path: " + text);
    return result;
  }
  auto url = boost::urls::parse_uri(text);
  if (!url || (url->scheme() != "http" && url->scheme() != "https") || url->host().empty())
    return caf::make_error(ec::invalid_request, "not an http, https or unix URL: \"" + text + "\"");
  result.tls = url->scheme() == "https";
  result.host = url->host_address();
  result.port = url->has_port() && !url->port().empty() ? std::string{url->port()}
                : result.tls                            ? std::string{"443"}
                                                        : std::string{"80"};
  result.authority = std::string{url->encoded_host_and_port()};
  return result;
}

bool is_local_name(std::string_view host) {
  return host == "localhost" || host.ends_with(".localhost");
}

caf::error set_trust(boost::asio::ssl::context& tls, const std::string& ca_file) {
  boost::system::error_code e;
  tls.set_verify_mode(boost::asio::ssl::verify_peer);
  if (ca_file.empty())
    tls.set_default_verify_paths(e);
  else
    tls.load_verify_file(ca_file, e);
  if (e)
    return caf::make_error(ec::invalid_request,
                           "cannot load certificates: " + ca_file + ": " + e.message());
  return {};
}

} // namespace backendim::http
