#pragma once

#include "adapters/proxy/head.hpp"

#include <string>
#include <string_view>

namespace backendim::proxy {

/// What a request says of the way it came.
struct forwarding {
  std::string_view client;     ///< Its address, without port.
  std::string_view request_id; ///< What X-Request-Id will be.
  bool trusted = false;        ///< The client is a proxy of ours and says who its own client is.
  bool logged_in = false;      ///< Its Authorization was for us and ends here.
  bool secure = false;         ///< It came by TLS.
};

/// Replaces *out* by the head for an upstream: without what concerns one connection only, with its
/// framing and the way it came written anew.
void write_request(std::string& out, const request_head& from, const forwarding& way);

/// How a response goes to the client.
struct delivery {
  bool chunked = false;
  bool keep_alive = false;
  unsigned client_minor = 1;
};

/// Likewise for the client, also for interim responses and 101.
void write_response(std::string& out, const response_head& from, const delivery& how);

/// Whether a proxy says that its own client came by HTTPS.
bool came_by_https(const request_head& from);

/// The client's X-Request-Id when it is fit to be logged; else empty.
std::string_view usable_request_id(const request_head& from);

/// Whether to offer the upgrade that a request asks for. Not HTTP/2: it would hide requests from
/// us.
bool wants_upgrade(const request_head& from);

} // namespace backendim::proxy
