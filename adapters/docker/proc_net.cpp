#include "adapters/docker/proc_net.hpp"

#include <arpa/inet.h>

#include <charconv>
#include <cstring>
#include <optional>
#include <sstream>
#include <string>

namespace backendim::docker {

namespace {

constexpr std::string_view state_listen = "0A"; // TCP_LISTEN of include/net/tcp_states.h

template <class T>
std::optional<T> parse_hex(std::string_view digits) {
  T result{};
  const auto [end, problem]
    = std::from_chars(digits.data(), digits.data() + digits.size(), result, 16);
  if (problem != std::errc{} || end != digits.data() + digits.size())
    return std::nullopt;
  return result;
}

/// The kernel prints each 32-bit word of the address, which is in network order, as a number of the
/// machine's order: storing that number back gives the bytes of the address.
std::optional<std::string> parse_address(std::string_view digits) {
  unsigned char bytes[16] = {};
  for (size_t i = 0; i * 8 < digits.size(); ++i) {
    const auto word = parse_hex<uint32_t>(digits.substr(i * 8, 8));
    if (!word)
      return std::nullopt;
    std::memcpy(bytes + i * 4, &*word, 4);
  }
  constexpr unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  const auto* start = bytes;
  auto family = digits.size() == 8 ? AF_INET : AF_INET6;
  if (family == AF_INET6 && std::memcmp(bytes, mapped, sizeof mapped) == 0) {
    family = AF_INET;
    start += sizeof mapped;
  }
  char buffer[INET6_ADDRSTRLEN] = {};
  if (!inet_ntop(family, start, buffer, sizeof buffer))
    return std::nullopt;
  return buffer;
}

} // namespace

std::vector<listening_socket> parse_proc_net(std::string_view text) {
  std::vector<listening_socket> result;
  std::istringstream lines{std::string{text}};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields{line};
    std::string slot, local, remote, state;
    if (!(fields >> slot >> local >> remote >> state) || state != state_listen)
      continue;
    const auto colon = local.find(':');
    if (colon != 8 && colon != 32)
      continue;
    const auto address = parse_address(std::string_view{local}.substr(0, colon));
    const auto port = parse_hex<uint16_t>(std::string_view{local}.substr(colon + 1));
    if (address && port)
      result.push_back({*address, *port});
  }
  return result;
}

} // namespace backendim::docker
