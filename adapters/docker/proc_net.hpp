#pragma once

#include "adapters/container_engine.hpp"

#include <string_view>
#include <vector>

namespace backendim::docker {

/// The listening sockets in a text of the form of /proc/net/tcp or tcp6. Lines that do not fit are
/// passed over. An address in IPv6 form that maps an IPv4 one comes out as IPv4.
std::vector<listening_socket> parse_proc_net(std::string_view text);

} // namespace backendim::docker
