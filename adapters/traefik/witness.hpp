#pragma once

#include "adapters/http/client.hpp"
#include "adapters/proxy/edge.hpp"

#include <caf/error.hpp>

#include <stop_token>
#include <string>

namespace backendim::traefik {

/// Finds out whether Traefik sends a host's requests to us. Blocks; one thread at a time.
class witness {
public:
  /// *api*: of Traefik's API; *entry*: of the entrypoint without TLS.
  witness(const std::string& api, const std::string& entry, proxy::route_proof proof);

  struct finding {
    caf::error why_not; ///< Empty: it does. Else unavailable, a failure {route_missing}.
    bool away = false;  ///< Traefik itself does not answer, whatever the host.
  };

  /// Its API has to list the host's router as enabled, and one request through it to end here.
  finding look(const std::string& host, std::stop_token stop);

private:
  http::client api_;
  http::client entry_;
  std::string api_url_;
  std::string entry_url_;
  proxy::route_proof proof_;
};

} // namespace backendim::traefik
