#include "adapters/buildah/machine_fence.hpp"

#include "adapters/buildah/builder.hpp"
#include "protocol/error.hpp"

#include <boost/url/parse.hpp>

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <memory>
#include <string_view>

namespace backendim::buildah {

namespace {

/// RFC 3927; the metadata services of cloud providers answer there, with the machine's credentials.
constexpr const char* link_local = "169.254.0.0/16";

std::string print(in_addr address) {
  char buffer[INET_ADDRSTRLEN] = {};
  inet_ntop(AF_INET, &address, buffer, sizeof buffer);
  return buffer;
}

bool is_address(const std::string& x) {
  in_addr ignored{};
  return inet_pton(AF_INET, x.c_str(), &ignored) == 1;
}

bool is_network(const std::string& x) {
  const auto slash = x.find('/');
  if (slash == std::string::npos)
    return is_address(x);
  unsigned bits = 33;
  const auto* end = x.data() + x.size();
  return is_address(x.substr(0, slash))
         && std::from_chars(x.data() + slash + 1, end, bits).ptr == end && bits <= 32;
}

/// Asked by ioctl: what /sys shows is the network namespace that it was mounted in, which need not
/// be ours.
bool is_bridge(const char* interface) {
  const int any = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (any < 0)
    return false;
  ethtool_drvinfo about{};
  about.cmd = ETHTOOL_GDRVINFO;
  ifreq question{};
  std::strncpy(question.ifr_name, interface, sizeof question.ifr_name - 1);
  question.ifr_data = reinterpret_cast<char*>(&about);
  const bool known = ::ioctl(any, SIOCETHTOOL, &question) == 0;
  ::close(any);
  return known && std::string_view{about.driver} == "bridge";
}

/// The machine's IPv4 addresses as such or, of a bridge, with the network that hangs on it.
struct own_networks {
  std::vector<std::string> addresses;
  std::vector<std::string> networks;
};

own_networks networks_of_machine() {
  own_networks result;
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0)
    return result;
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner{first, freeifaddrs};
  for (const auto* x = first; x; x = x->ifa_next) {
    if (!x->ifa_addr || x->ifa_addr->sa_family != AF_INET || !x->ifa_netmask)
      continue;
    const auto address = reinterpret_cast<const sockaddr_in*>(x->ifa_addr)->sin_addr;
    const auto mask = reinterpret_cast<const sockaddr_in*>(x->ifa_netmask)->sin_addr;
    result.addresses.push_back(print(address));
    const int bits = __builtin_popcount(mask.s_addr);
    if (is_bridge(x->ifa_name))
      result.networks.push_back(print({address.s_addr & mask.s_addr}) + "/" + std::to_string(bits));
    else
      result.networks.push_back(print(address) + "/32");
  }
  return result;
}

std::vector<std::string> addresses_of(const std::string& host) {
  if (is_address(host))
    return {host};
  addrinfo hints{};
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* first = nullptr;
  if (getaddrinfo(host.c_str(), nullptr, &hints, &first) != 0)
    return {};
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner{first, freeaddrinfo};
  std::vector<std::string> result;
  for (const auto* x = first; x; x = x->ai_next)
    result.push_back(print(reinterpret_cast<const sockaddr_in*>(x->ai_addr)->sin_addr));
  return result;
}

/// GOPROXY and its kin may name several, between commas or bars.
std::vector<std::string> urls_in(const std::string& text) {
  std::vector<std::string> result;
  for (size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find_first_of(",|", begin), text.size());
    result.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return result;
}

open_place place_of_text(const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0)
    return {};
  open_place result{text.substr(0, colon), 0};
  const auto* end = text.data() + text.size();
  if (std::from_chars(text.data() + colon + 1, end, result.port).ptr != end)
    return {};
  return result;
}

} // namespace

open_place place_of_url(const std::string& text) {
  const auto url = boost::urls::parse_uri(text);
  if (!url || url->host().empty() || (url->scheme() != "http" && url->scheme() != "https"))
    return {};
  const uint16_t usual = url->scheme() == "https" ? 443 : 80;
  return {url->host_address(),
          url->has_port() && url->port_number() != 0 ? url->port_number() : usual};
}

caf::expected<machine_fence> fence_of_machine(const build_surroundings& around,
                                              const std::vector<std::string>& closed,
                                              const std::vector<std::string>& open,
                                              const std::vector<uint16_t>& front_doors) {
  machine_fence result;
  const auto own = networks_of_machine();
  result.closed = own.networks;
  result.closed.emplace_back(link_local);
  for (const auto& x : closed) {
    if (!is_network(x))
      return caf::make_error(ec::invalid_request,
                             "not an IPv4 network: \"" + x + "\"; write it like 10.1.0.0/16");
    result.closed.push_back(x);
  }
  std::vector<open_place> places;
  for (const auto& x : open) {
    places.push_back(place_of_text(x));
    if (places.back().port == 0)
      return caf::make_error(ec::invalid_request,
                             "not a place: \"" + x + "\"; write it like 10.1.0.5:3000");
  }
  for (const auto* text :
       {&around.http_proxy, &around.https_proxy, &around.npm_registry, &around.pip_index_url,
        &around.goproxy, &around.cargo_registry, &around.maven_mirror})
    for (const auto& url : urls_in(*text))
      places.push_back(place_of_url(url));
  for (const auto& place : places)
    if (place.port != 0)
      for (const auto& address : addresses_of(place.address))
        result.open.push_back({address, place.port});
  for (const auto port : front_doors)
    for (const auto& address : own.addresses)
      result.open.push_back({address, port});
  return result;
}

std::string fence_rules(const machine_fence& fence, const std::string& name_server) {
  std::string result = "*filter\n:INPUT ACCEPT\n:FORWARD DROP\n:OUTPUT ACCEPT\n"
                       "-A OUTPUT -o lo -j ACCEPT\n";
  for (const auto* protocol : {"udp", "tcp"})
    result += "-A OUTPUT -d " + name_server + " -p " + protocol + " --dport 53 -j ACCEPT\n";
  for (const auto& x : fence.open)
    result
      += "-A OUTPUT -d " + x.address + " -p tcp --dport " + std::to_string(x.port) + " -j ACCEPT\n";
  // Refused rather than dropped: a build is told at once.
  for (const auto& x : fence.closed)
    result += "-A OUTPUT -d " + x + " -p tcp -j REJECT --reject-with tcp-reset\n-A OUTPUT -d " + x
              + " -j REJECT\n";
  return result + "COMMIT\n";
}

} // namespace backendim::buildah
