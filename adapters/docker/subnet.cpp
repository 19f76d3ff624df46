#include "adapters/docker/subnet.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace backendim::docker {

namespace {

/// Addresses from first to last.
struct range {
  uint64_t first = 0;
  uint64_t last = 0;
};

std::optional<range> parse(const std::string& cidr) {
  const auto slash = cidr.find('/');
  if (slash == std::string::npos)
    return std::nullopt;
  in_addr address{};
  unsigned bits = 33;
  const auto* end = cidr.data() + cidr.size();
  if (inet_pton(AF_INET, cidr.substr(0, slash).c_str(), &address) != 1
      || std::from_chars(cidr.data() + slash + 1, end, bits).ptr != end || bits > 32)
    return std::nullopt;
  const uint64_t size = uint64_t{1} << (32 - bits);
  const uint64_t first = ntohl(address.s_addr) / size * size;
  return range{first, first + size - 1};
}

std::string print(uint64_t first, unsigned prefix) {
  in_addr address{htonl(static_cast<uint32_t>(first))};
  char buffer[INET_ADDRSTRLEN] = {};
  inet_ntop(AF_INET, &address, buffer, sizeof buffer);
  return std::string{buffer} + "/" + std::to_string(prefix);
}

} // namespace

std::optional<std::string> choose_subnet(const std::string& pool, unsigned prefix,
                                         const std::vector<std::string>& used) {
  const auto whole = parse(pool);
  if (!whole || prefix > 32)
    return std::nullopt;
  std::vector<range> taken;
  for (const auto& x : used)
    if (auto parsed = parse(x))
      taken.push_back(*parsed);
  const uint64_t size = uint64_t{1} << (32 - prefix);
  for (auto first = whole->first; first + size - 1 <= whole->last; first += size)
    if (std::ranges::none_of(
          taken, [&](const range& x) { return x.first <= first + size - 1 && first <= x.last; }))
      return print(first, prefix);
  return std::nullopt;
}

} // namespace backendim::docker
