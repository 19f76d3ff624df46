#include "adapters/traefik/configuration.hpp"

#include "adapters/edge.hpp"
#include "adapters/proxy/edge.hpp"
#include "protocol/domain_name.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace backendim::traefik {

namespace {

namespace json = boost::json;

constexpr auto transport = "backend-im";
constexpr auto to_https = "backend-im-https";
constexpr auto challenge_router = "im_challenge"; // no host's: these have a dash behind the kind
constexpr int challenge_priority
  = 100'000; // above the redirect, which no host's name makes so long

/// Injective for plain hosts, which have no underscore.
std::string name_of(std::string_view kind, std::string_view host) {
  std::string result{kind};
  result.append("-").append(host);
  std::ranges::replace(result, '.', '_');
  return result;
}

/// Letters and digits of a URL, for the name of the service that stands for it.
std::string gateway_name(std::string_view url) {
  std::string result = "gateway";
  for (char c : url.substr(std::min(url.find("//"), url.size())))
    result += (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ? c : '-';
  return result;
}

json::object service(const std::vector<gateway_share>& shares) {
  const bool several = shares.size() > 1;
  const bool all_idle = std::ranges::all_of(shares, [](const auto& x) { return x.tasks == 0; });
  json::array servers;
  for (const auto& x : shares) {
    if (x.tasks == 0 && !all_idle)
      continue;
    json::object server{{"url", x.url}};
    if (several && !all_idle) // one alone gets all: its bytes do not change with its tasks
      server["weight"] = x.tasks;
    servers.push_back(std::move(server));
  }
  return {{"loadBalancer", {{"serversTransport", transport}, {"servers", std::move(servers)}}}};
}

json::object tls_of(const std::string& host, const form& how) {
  json::object result;
  const bool own = how.domain.empty() || is_within(host, how.domain);
  const auto& resolver = own || how.domains_resolver.empty() ? how.resolver : how.domains_resolver;
  if (resolver.empty())
    return result;
  result["certResolver"] = resolver;
  const auto dot = host.find('.');
  if (!how.wildcard.empty() && dot != host.npos && host.substr(dot + 1) == how.wildcard)
    result["domains"] = json::array{json::object{
      {"main", how.wildcard}, {"sans", json::array{json::value("*." + how.wildcard)}}}};
  return result;
}

void add_routers(json::object& to, const std::string& host, const std::string& service_name,
                 const form& how) {
  const auto rule = "Host(`" + host + "`)";
  const auto router = [&](const std::string& entrypoint, const std::string& what) {
    return json::object{{"entryPoints", json::array{json::value(entrypoint)}},
                        {"rule", what},
                        {"service", service_name}};
  };
  if (how.tls_entrypoint.empty()) {
    to[router_name(host)] = router(how.entrypoint, rule);
    return;
  }
  auto secure = router(how.tls_entrypoint, rule);
  secure["tls"] = tls_of(host, how);
  to[router_name(host)] = std::move(secure);
  auto plain = router(how.entrypoint, rule);
  plain["middlewares"] = json::array{to_https};
  to[name_of("im_plain", host)] = std::move(plain);
  // Whether the host is routed is asked without TLS: its certificate may not be there yet.
  const std::string path{proxy::route_proof::path};
  to[name_of("im_proof", host)] = router(how.entrypoint, rule + " && Path(`" + path + "`)");
}

} // namespace

bool is_plain_host(std::string_view host) {
  return !host.empty() && host.size() <= 253 && std::ranges::all_of(host, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  });
}

std::string router_name(std::string_view host) {
  return name_of("im", host);
}

std::string configuration(const site_table& sites, const form& how) {
  json::object routers;
  json::object services;
  for (const auto& [host, shares] : sites) {
    if (!is_plain_host(host) || shares.empty())
      continue;
    // Hosts that are reached through one and the same gateway share its connections.
    const auto name = shares.size() == 1 ? gateway_name(shares.front().url) : name_of("im", host);
    if (!services.contains(name))
      services[name] = service(shares);
    add_routers(routers, host, name, how);
  }
  if (!how.challenges.empty()) { // also for hosts that are nobody's yet
    const auto name = gateway_name(how.challenges);
    if (!services.contains(name))
      services[name] = service({{how.challenges, 1}});
    routers[challenge_router]
      = json::object{{"entryPoints", json::array{json::value(how.entrypoint)}},
                     {"rule", "PathPrefix(`" + std::string{challenge_path} + "`)"},
                     {"priority", challenge_priority},
                     {"service", name}};
  }
  json::object http;
  if (!routers.empty()) { // Traefik refuses empty maps
    http["routers"] = std::move(routers);
    http["services"] = std::move(services);
  }
  if (!how.tls_entrypoint.empty()) {
    json::object redirect{{"scheme", "https"}, {"permanent", true}};
    if (!how.tls_port.empty())
      redirect["port"] = how.tls_port;
    http["middlewares"] = {{to_https, {{"redirectScheme", std::move(redirect)}}}};
  }
  // A gateway closes idle connections after 75 s: Traefik does it first, so no request meets the
  // end.
  http["serversTransports"]
    = {{transport, {{"forwardingTimeouts", {{"dialTimeout", "2s"}, {"idleConnTimeout", "60s"}}}}}};
  return json::serialize(json::object{{"http", std::move(http)}});
}

} // namespace backendim::traefik
