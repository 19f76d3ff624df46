#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace backendim {

/// An IP address; IPv4 in the form ::ffff:a.b.c.d, so that one family is compared.
using ip_address = std::array<uint8_t, 16>;

std::optional<ip_address> parse_ip(std::string_view text);
bool is_v4(const ip_address& x);

/// All addresses that begin with the same bits.
struct ip_network {
  ip_address first{}; ///< The bits behind the common ones are 0.
  unsigned bits = 0;  ///< Of 128, also for IPv4.

  /// IPv4 addresses are in IPv4 networks only: ::/0 is all of IPv6 and nothing else.
  bool contains(const ip_address& x) const;
};

/// "10.0.0.0/8", "2001:db8::/32", or one address. Bits behind the common ones are dropped.
std::optional<ip_network> parse_network(std::string_view text);

/// As parse_network reads it.
std::string to_text(const ip_network& x);

} // namespace backendim
