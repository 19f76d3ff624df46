#include "protocol/ip_network.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstring>

namespace backendim {

namespace {

constexpr std::array<uint8_t, 12> v4_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr unsigned v4_bits = 96; // of it

/// What of byte *i* is among the first *bits* of an address.
uint8_t mask_of(size_t i, unsigned bits) {
  const auto left = std::clamp(static_cast<int>(bits) - static_cast<int>(i) * 8, 0, 8);
  return static_cast<uint8_t>(0xff00u >> left);
}

} // namespace

std::optional<ip_address> parse_ip(std::string_view text) {
  char copy[INET6_ADDRSTRLEN]{}; // inet_pton wants a zero behind it
  if (text.size() >= sizeof copy)
    return std::nullopt;
  std::memcpy(copy, text.data(), text.size());
  ip_address result{};
  if (::inet_pton(AF_INET6, copy, result.data()) == 1)
    return result;
  if (::inet_pton(AF_INET, copy, result.data() + v4_prefix.size()) != 1)
    return std::nullopt;
  std::ranges::copy(v4_prefix, result.begin());
  return result;
}

bool is_v4(const ip_address& x) {
  return std::equal(v4_prefix.begin(), v4_prefix.end(), x.begin());
}

bool ip_network::contains(const ip_address& x) const {
  if (is_v4(x) != (bits >= v4_bits && is_v4(first)))
    return false;
  for (size_t i = 0; i * 8 < bits; ++i)
    if ((x[i] & mask_of(i, bits)) != first[i])
      return false;
  return true;
}

std::optional<ip_network> parse_network(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = parse_ip(text.substr(0, slash));
  if (!address)
    return std::nullopt;
  const bool plain_v4 = text.substr(0, slash).find(':') == text.npos;
  const unsigned most = plain_v4 ? 32 : 128;
  unsigned bits = most;
  if (slash != text.npos) {
    const auto digits = text.substr(slash + 1);
    const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (failed != std::errc{} || end != digits.data() + digits.size() || bits > most)
      return std::nullopt;
  }
  ip_network result{*address, plain_v4 ? bits + v4_bits : bits};
  for (size_t i = 0; i != result.first.size(); ++i)
    result.first[i] &= mask_of(i, result.bits);
  return result;
}

std::string to_text(const ip_network& x) {
  const bool v4 = x.bits >= v4_bits && is_v4(x.first);
  char text[INET6_ADDRSTRLEN]{};
  ::inet_ntop(v4 ? AF_INET : AF_INET6, x.first.data() + (v4 ? v4_prefix.size() : 0), text,
              sizeof text);
  return std::string{text} + "/" + std::to_string(v4 ? x.bits - v4_bits : x.bits);
}

} // namespace backendim
