#pragma once

#include "adapters/edge.hpp"

#include <caf/expected.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace backendim::proxy {

/// How a proxy in front is asked whether it sends a host's requests here: who sends *question* in
/// the field below to the path below gets *answer*, if the host is in the table. Without the
/// question the path is the app's. Both are secrets; empty: nobody asks.
struct route_proof {
  static constexpr std::string_view path = "/.well-known/backend-im/route";
  static constexpr std::string_view field = "X-Backend-Im-Proof";
  std::string question;
  std::string answer;
};

/// HTTPS besides plain HTTP.
struct tls_config {
  std::string address = "127.0.0.1";
  uint16_t port = 8443;               ///< 0: any free one.
  int descriptor = -1;                ///< As that of edge_config.
  std::filesystem::path certificates; ///< NAME.crt and NAME.key for each; see certificate_set.
  /// Plain requests for a host that has a certificate and is in the table are sent to HTTPS (308),
  /// unless a trusted proxy says that they came by it.
  bool redirect = false;
};

struct edge_config {
  std::string address = "127.0.0.1"; ///< An IPv4 or IPv6 address.
  uint16_t port = 8080;              ///< 0: any free one.
  int descriptor = -1;               ///< A listening socket to use; -1: one is made.
  unsigned threads = 0;              ///< 0: one for each core.
  std::optional<tls_config> tls{};
  std::chrono::milliseconds handshake_timeout{10'000}; ///< Of TLS, as a whole.
  /// From the first byte of a request's head to its last.
  std::chrono::milliseconds header_timeout{10'000};
  std::chrono::milliseconds idle_timeout{75'000}; ///< Of a client between requests.
  std::chrono::milliseconds connect_timeout{2'000};
  /// Of an upstream that owes us bytes. A tunnel with both sides open has none.
  std::chrono::milliseconds silence_timeout{300'000};
  /// Of a client that owes us a request's body or does not take its response.
  std::chrono::milliseconds body_timeout{60'000};
  size_t header_limit = 32 * 1024;
  /// A connection above it gets a short 503. Half of the descriptors that the process may have is
  /// the limit, if that is less.
  size_t max_connections = 16'384;
  /// Addresses of proxies in front: what they say of the client is believed and passed on.
  std::vector<std::string> trusted;
  route_proof proof;
  /// vault::mark, by which logins are compared. Thread-safe and fast: it is called for requests.
  /// Without it nobody can log in.
  std::function<std::string(std::string_view)> mark{};
};

/// Since the edge was opened.
struct edge_counters {
  uint64_t requests = 0;
  uint64_t errors_502 = 0; ///< Pages of ours; what apps answer is not counted.
  uint64_t errors_503 = 0;
  uint64_t errors_504 = 0;
  uint64_t refused = 0;          ///< By an app's rules: 401, 403, 413 and 429.
  uint64_t open_connections = 0; ///< Of clients, now.
  uint64_t handshakes = 0;       ///< Of TLS, that succeeded.
  uint64_t failed_handshakes = 0;
};

/// An HTTP/1.1 reverse proxy on its own threads. Upstreams are IP addresses: names are not looked
/// up. What is wrong with its certificates is its trouble(). Its callbacks come from its threads
/// and must neither block nor drop its last reference. Destruction is stop without patience.
class running_edge : public edge {
public:
  virtual uint16_t port() const = 0;

  virtual uint16_t tls_port() const = 0; ///< 0: no TLS.

  /// Whether a client that asks for this host by HTTPS is shown a certificate for it now.
  virtual bool has_certificate(const std::string& host) const = 0;
  /// When the first of the certificates in use expires; the epoch when there is none.
  virtual std::chrono::system_clock::time_point first_certificate_end() const = 0;

  virtual edge_counters counters() const = 0;

  /// Accepts nothing more, answers what clients with open connections ask for within a second, lets
  /// requests finish until *deadline*, then cuts what is left; all
  /// callbacks that are owed have been called when it returns. Blocks; not from a callback. What is
  /// published later reaches nobody and is called used at once.
  virtual void stop(std::chrono::milliseconds deadline) = 0;
};

/// Listens and starts the threads, with *first* in use before the first client; raises the
/// process's soft limit of descriptors to the hard one. Fails with unavailable (cannot listen
/// there; no certificate can be used; no descriptors or threads left) or invalid_request (not an
/// address).
caf::expected<std::shared_ptr<running_edge>> open_edge(edge_config config, route_table first = {});

} // namespace backendim::proxy
