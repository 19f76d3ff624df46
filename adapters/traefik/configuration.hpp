#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace backendim::traefik {

/// A gateway that reaches tasks of a host.
struct gateway_share {
  std::string url;    ///< Like http://127.0.0.1:8080.
  uint32_t tasks = 1; ///< Live ones of the host; its weight among several gateways.
  friend auto operator<=>(const gateway_share&, const gateway_share&) = default;
};

/// By host name, lower case, without port.
using site_table = std::map<std::string, std::vector<gateway_share>>;

struct form {
  std::string entrypoint = "web";
  std::string tls_entrypoint; ///< Not empty: hosts answer there, and the other one redirects to it.
  std::string tls_port;       ///< Where the redirect goes; empty: 443.
  std::string resolver;       ///< Gets certificates; empty: Traefik has them.
  std::string domains_resolver; ///< The same for hosts that are not below domain; empty: resolver.
  std::string domain;           ///< Where apps' own hosts are; empty: everywhere.
  /// URL of the gateway that answers what is below challenge_path, whatever the host; empty: none.
  std::string challenges;
  /// Not empty: hosts directly below this domain share one certificate, *.domain.
  std::string wildcard;
};

/// Whether a host can stand in a rule: letters, digits, dashes and dots only.
bool is_plain_host(std::string_view host);

/// The name of the router that serves *host*; as Traefik's API says it, without "@http".
std::string router_name(std::string_view host);

/// Traefik's dynamic configuration, as its HTTP provider takes it. The same hosts give the same
/// bytes. Hosts that are not plain are left out.
std::string configuration(const site_table& sites, const form& how);

} // namespace backendim::traefik
