#include "adapters/docker/api.hpp"
#include "adapters/docker/fields.hpp"
#include "adapters/http/client.hpp"
#include "bin/daemon/doctor.hpp"
#include "bin/daemon/outer_edge.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <chrono>
#include <string>

namespace backendim::daemon {

namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;

/// What GET *target* of *url* gives: a status, or 0 when nobody answers.
unsigned status_of(const std::string& url, const std::string& target) {
  http::client_config how;
  how.url = url;
  how.connect_timeout = 2s;
  how.total_timeout = 5s;
  http::request what;
  what.target = target;
  const auto got = http::client{how}.send(what);
  return got ? got->status : 0;
}

/// Whether a server could listen there now.
bool is_free(const endpoint& at) {
  boost::system::error_code failed;
  asio::io_context io{1};
  asio::ip::tcp::acceptor door{io};
  const asio::ip::tcp::endpoint where{asio::ip::make_address(at.address, failed), at.port};
  if (!failed)
    door.open(where.protocol(), failed);
  if (!failed)
    door.set_option(asio::socket_base::reuse_address{true}, failed);
  if (!failed)
    door.bind(where, failed);
  if (!failed)
    door.listen(1, failed);
  return !failed;
}

/// One that listens everywhere is on loopback, too.
std::string url_of(const endpoint& at) {
  const auto everywhere = at.address == "0.0.0.0" || at.address == "::";
  const auto host = everywhere                                  ? std::string{"127.0.0.1"}
                    : at.address.find(':') == std::string::npos ? at.address
                                                                : "[" + at.address + "]";
  return "http://" + host + ":" + std::to_string(at.port);
}

finding look_at_platform(const endpoint& at) {
  const auto url = url_of(at);
  const auto ready = status_of(url, "/readyz");
  if (ready == 200)
    return {"backendimd", health::ok, "takes work at " + url, ""};
  if (ready != 0)
    return {"backendimd", health::fail, "runs at " + url + " but takes no work",
            "curl " + url + "/readyz"};
  if (!is_free(at))
    return {"backendimd", health::fail,
            "does not answer at " + url + ", where another program listens",
            "ss -ltnp 'sport = :" + std::to_string(at.port) + "'"};
  return {"backendimd", health::fail, "does not run", "deploy/quickstart"};
}

finding look_at_edge(const endpoint& at, bool runs) {
  const auto url = url_of(at);
  const auto port = std::to_string(at.port);
  if (status_of(url, "/") != 0)
    return runs
             ? finding{"front door", health::ok, "answers at " + url, ""}
             : finding{"front door", health::fail, "port " + port + " belongs to another program",
                       "ss -ltnp 'sport = :" + port + "'"};
  if (runs)
    return {"front door", health::fail, "does not answer at " + url, "backend-im admin incidents"};
  if (is_free(at))
    return {"front door", health::ok, "port " + port + " is free for it", ""};
  return {"front door", health::fail, "port " + port + " is taken, or this user may not use it",
          "ss -ltnp 'sport = :" + port + "'"};
}

finding look_at_registry(const std::string& address) {
  const auto status = status_of("http://" + address, "/v2/");
  if (status == 200)
    return {"registry", health::ok, "answers at " + address, ""};
  return {"registry", health::fail,
          status == 0 ? "does not answer at " + address
                      : "answers " + std::to_string(status) + " at " + address,
          "deploy/quickstart"};
}

/// Whether the machine's own resolver finds *name*, and on loopback.
struct lookup {
  bool found = false;
  bool loopback = false;
};
lookup look_up(const std::string& name) {
  addrinfo* first = nullptr;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  lookup result;
  if (::getaddrinfo(name.c_str(), nullptr, &hints, &first) != 0)
    return result;
  result.found = true;
  for (const auto* x = first; x; x = x->ai_next) {
    if (x->ai_family == AF_INET)
      result.loopback
        |= (ntohl(reinterpret_cast<const sockaddr_in*>(x->ai_addr)->sin_addr.s_addr) >> 24) == 127;
    else if (x->ai_family == AF_INET6)
      result.loopback
        |= IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6*>(x->ai_addr)->sin6_addr);
  }
  ::freeaddrinfo(first);
  return result;
}

finding look_at_domain(const std::string& domain) {
  const auto name = "backend-im-doctor." + domain;
  const auto found = look_up(name);
  if (domain == "localhost")
    return found.loopback
             ? finding{"names", health::ok, "*.localhost is this machine", ""}
             : finding{"names", health::warn,
                       "*.localhost is unknown here: browsers know it, other programs do not",
                       "apt-get install libnss-myhostname"};
  return found.found ? finding{"names", health::ok, "*." + domain + " is known", ""}
                     : finding{"names", health::warn,
                               "nobody knows *." + domain
                                 + ": it needs a DNS record with this machine's address",
                               "dig " + name};
}

/// Whose names builds need: the package registry's that is set up.
finding look_at_dns(const config& x) {
  std::string host = "registry.npmjs.org";
  if (const auto& url = x.builder.sources.npm_registry; url.find("://") != url.npos) {
    host = url.substr(url.find("://") + 3);
    host = host.substr(0, host.find_first_of(":/"));
  }
  if (look_up(host).found)
    return {"dns", health::ok, host + " is known", ""};
  return {"dns", health::warn, host + " is not known: builds find no packages",
          "cat /etc/resolv.conf"};
}

} // namespace

std::vector<finding> examine_engine(const config& x) {
  docker::engine_config how;
  how.socket = x.docker_socket;
  how.timeout = 10s;
  docker::api engine{how};
  const auto spoken = engine.version();
  if (!spoken)
    return {{"docker", health::fail, failure_of(spoken.error()).message, "deploy/quickstart"}};
  std::vector<finding> result;
  const auto info = engine.get("/info");
  if (!info || !info->ok())
    return {{"docker", health::fail, "does not answer at " + x.docker_socket, "deploy/quickstart"}};
  result.push_back({"docker", health::ok,
                    docker::text(info->body, "/ServerVersion") + ", API "
                      + std::to_string(spoken->major) + "." + std::to_string(spoken->minor)
                      + ", at " + x.docker_socket,
                    ""});
  const auto state = docker::text(info->body, "/Swarm/LocalNodeState");
  if (state == "active" && docker::flag(info->body, "/Swarm/ControlAvailable"))
    result.push_back({"swarm", health::ok, "this machine is a manager", ""});
  else if (state == "active")
    result.push_back({"swarm", health::fail, "this machine is a worker", "docker swarm leave"});
  else if (state == "locked")
    result.push_back({"swarm", health::fail, "locked", "docker swarm unlock"});
  else
    result.push_back({"swarm", health::warn, "in none; backendimd begins one when it starts",
                      "deploy/quickstart"});
  return result;
}

std::vector<finding> examine_servers(const config& x) {
  std::vector<finding> result;
  bool runs = false;
  if (const auto at = parse_endpoint(x.listen, "/listen")) {
    result.push_back(look_at_platform(*at));
    runs = result.back().is == health::ok;
  }
  if (const auto at = parse_endpoint(x.edge, "/edge"))
    result.push_back(look_at_edge(*at, runs));
  for (auto&& more : {look_at_registry(x.registry), look_at_domain(x.domain), look_at_dns(x)})
    result.push_back(more);
  return result;
}

} // namespace backendim::daemon
