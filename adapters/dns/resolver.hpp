#pragma once

#include <caf/expected.hpp>

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace backendim::dns {

/// Asks name servers, over UDP, and TCP where an answer is long. The machine's hosts file and its
/// search list mean nothing here. Not for two threads at once.
class resolver {
public:
  /// *server*: address and port, like "127.0.0.1:5353" or "[::1]:53"; empty: those of
  /// /etc/resolv.conf.
  explicit resolver(const std::string& server);
  ~resolver();
  resolver(const resolver&) = delete;
  resolver& operator=(const resolver&) = delete;

  /// The TXT records of *name*, each in one piece, with '?' for what is no printable ASCII. At most
  /// some dozen. None: there is no such name, or it has none. Block for *limit* at the most; fail
  /// with unavailable and timed_out.
  caf::expected<std::vector<std::string>>
  texts(const std::string& name, std::chrono::milliseconds limit, std::stop_token stop = {});

  /// The IPv4 and then the IPv6 addresses, through aliases; otherwise the same.
  caf::expected<std::vector<std::string>>
  addresses(const std::string& name, std::chrono::milliseconds limit, std::stop_token stop = {});

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

/// Whether *text* is an address with a port that a resolver takes.
bool is_server(const std::string& text);

} // namespace backendim::dns
