#include "bin/daemon/outer_edge.hpp"

#include "actors/gateway.hpp"
#include "adapters/directory/route_memory.hpp"
#include "adapters/proxy/certificate_set.hpp"
#include "bin/daemon/durable_files.hpp"
#include "protocol/types.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <spdlog/spdlog.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <utility>

namespace backendim::daemon {

namespace {

/// Where Traefik finds the edge: one that listens everywhere is on loopback, too.
std::string url_of(const endpoint& at, uint16_t port) {
  auto address = at.address;
  if (address == "0.0.0.0")
    address = "127.0.0.1";
  else if (address == "::")
    address = "::1";
  if (address.find(':') != std::string::npos)
    address = "[" + address + "]";
  return "http://" + address + ":" + std::to_string(port);
}

std::optional<std::string> content_of(const std::filesystem::path& file) {
  std::ifstream in{file, std::ios::binary};
  if (!in)
    return std::nullopt;
  return std::string{std::istreambuf_iterator<char>{in}, {}};
}

/// What of *known* still leads to a task of its service: addresses are given to others, too.
gateway_info still_true(gateway_info known, container_engine& engine) {
  const auto running = engine.running();
  const auto serves = [&](const std::string& upstream, const std::string& service) {
    const auto found = running->find(upstream.substr(0, upstream.rfind(':')));
    return found != running->end() && found->second == service;
  };
  const auto keep = [&](std::vector<std::string>& upstreams, const std::string& service) {
    std::erase_if(upstreams, [&](const auto& x) { return !running || !serves(x, service); });
  };
  for (auto& route : known.routes) {
    keep(route.upstreams, route.service);
    if (route.canary)
      keep(route.canary->upstreams, route.canary->service);
  }
  return known;
}

} // namespace

caf::expected<caf::unit_t> open_edges(const config& x, equipment& gear,
                                      listening_sockets& sockets) {
  const auto& outer = x.traefik;
  proxy::edge_config inner;
  const auto listen = parse_endpoint(x.edge, "/edge");
  inner.address = listen->address;
  inner.port = listen->port;
  if (!outer.api.empty()) {
    inner.trusted = outer.addresses;
    inner.proof = {gear.proof->random_token(24), gear.proof->random_token(24)};
  }
  inner.mark = [keys = gear.keys](std::string_view text) { return keys->mark(text); };
  const auto socket = sockets.at(*listen);
  if (!socket)
    return socket.error();
  inner.descriptor = *socket;
  if (const auto& tls = x.edge_tls; !tls.listen.empty()) {
    const auto at = parse_endpoint(tls.listen, "/edge_tls/listen");
    const auto opened = sockets.at(*at);
    if (!opened)
      return opened.error();
    inner.tls = {at->address, at->port, *opened, tls.certificates, tls.redirect};
  }
  gear.routes = directory::open_route_memory(gear.state.path() / "routes.json");
  auto known = still_true(gear.routes->last(), *gear.engine);
  gear.routes->keep(known);
  auto opened = proxy::open_edge(inner, table_of(known));
  if (!opened)
    return std::move(opened.error());
  gear.front = std::move(*opened);
  if (outer.api.empty())
    return caf::unit;
  auto token = gear.state.secret("traefik.token", [&] { return gear.proof->random_token(24); });
  if (!token)
    return std::move(token.error());
  const auto file = gear.state.path() / "traefik.hosts";
  traefik::front_door_settings settings;
  settings.how.entrypoint = outer.entrypoint;
  settings.how.tls_entrypoint = outer.tls_entrypoint;
  settings.how.tls_port = outer.tls_port == 443 ? "" : std::to_string(outer.tls_port);
  settings.how.resolver = outer.resolver;
  settings.how.domains_resolver = outer.domains_resolver;
  settings.how.domain = x.domain;
  settings.how.wildcard = outer.wildcard ? x.domain : "";
  settings.gateway = url_of(*listen, gear.front->port());
  settings.how.challenges = settings.gateway;
  settings.api = outer.api;
  settings.entry = outer.entry;
  settings.token = std::move(*token);
  settings.proof = inner.proof;
  settings.kept = content_of(file);
  settings.keep = [file](std::string_view hosts) {
    if (auto why = write_file(file, hosts))
      spdlog::warn("traefik's hosts are not kept: {}", render(why));
  };
  gear.outer = std::make_shared<traefik::front_door>(gear.front, std::move(settings));
  return caf::unit;
}

caf::error unready(const config& x) {
  if (x.edge_tls.listen.empty())
    return {};
  auto read
    = proxy::read_certificates(x.edge_tls.certificates, nullptr, std::chrono::system_clock::now());
  return read.set ? caf::error{} : std::move(read.faults.front());
}

std::vector<uint16_t> public_ports(const config& x) {
  std::vector<uint16_t> result;
  if (x.traefik.api.empty()) {
    if (const auto own = parse_endpoint(x.edge, "/edge"); own && own->port != 0)
      result.push_back(own->port);
    if (const auto own = parse_endpoint(x.edge_tls.listen, "/edge_tls/listen");
        own && own->port != 0)
      result.push_back(own->port);
    return result;
  }
  const auto entry = boost::urls::parse_uri(x.traefik.entry);
  result.push_back(entry && entry->has_port() ? entry->port_number() : 80);
  if (!x.traefik.tls_entrypoint.empty())
    result.push_back(x.traefik.tls_port);
  return result;
}

url_form url_form_of(const config& x, const equipment& gear) {
  url_form result{x.domain, "", "http"};
  if (!gear.outer) {
    // What is below the domain answers by HTTPS if one certificate is for all of it.
    const bool secure = x.edge_tls.redirect && gear.front->has_certificate("any." + x.domain);
    const auto own = secure ? gear.front->tls_port() : gear.front->port();
    result.scheme = secure ? "https" : "http";
    result.suffix = own == (secure ? 443 : 80) ? "" : ":" + std::to_string(own);
    return result;
  }
  std::string port;
  if (!x.traefik.tls_entrypoint.empty()) {
    result.scheme = "https";
    port = x.traefik.tls_port == 443 ? "" : std::to_string(x.traefik.tls_port);
  } else if (const auto url = boost::urls::parse_uri(x.traefik.entry); url && url->has_port()) {
    port = url->port() == "80" ? "" : std::string{url->port()};
  }
  if (!port.empty())
    result.suffix = ":" + port;
  return result;
}

} // namespace backendim::daemon
