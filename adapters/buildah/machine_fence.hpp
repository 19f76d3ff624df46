#pragma once

#include <caf/expected.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace backendim::buildah {

struct build_surroundings;

/// One place that a build may reach although it is this machine's.
struct open_place {
  std::string address; ///< IPv4.
  uint16_t port = 0;   ///< TCP.
  friend bool operator==(const open_place&, const open_place&) = default;
};

/// What of this machine and its containers a build's network namespace is kept from: the control
/// plane, other tenants' tasks behind Docker's bridges, the cloud's metadata service.
struct machine_fence {
  std::vector<std::string> closed; ///< IPv4 networks.
  std::vector<open_place> open;    ///< Exceptions from those.
};

/// As the machine is now: its own addresses, the networks of its bridges, link-local addresses and
/// *closed* (networks in CIDR form) are closed. Open are the proxy, the package registries and
/// mirrors of *around*, *open* ("ADDRESS:PORT" or "NAME:PORT"), and *front_doors*, TCP ports at
/// which this machine serves everybody. Blocks while names are looked up; one that has no address
/// is passed over. Fails with invalid_request when *closed* or *open* is malformed.
caf::expected<machine_fence> fence_of_machine(const build_surroundings& around,
                                              const std::vector<std::string>& closed,
                                              const std::vector<std::string>& open,
                                              const std::vector<uint16_t>& front_doors);

/// Where an http or https URL leads, by name or address; port 0: it is no such URL.
open_place place_of_url(const std::string& url);

/// The same for iptables-restore. *name_server* can always be asked.
std::string fence_rules(const machine_fence& fence, const std::string& name_server);

} // namespace backendim::buildah
