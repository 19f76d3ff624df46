#pragma once

#include "protocol/error.hpp"

#include <caf/expected.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace backendim::http {

struct header {
  std::string name;
  std::string value;
  friend bool operator==(const header&, const header&) = default;
};

/// Puts the next bytes of a body into the buffer and returns how many; 0 ends the body. An error
/// aborts the request, which then fails with it. Called in the caller's thread; may block.
using body_producer = std::function<caf::expected<size_t>(std::span<char>)>;

/// What a client sends. Host, Content-Length, Transfer-Encoding and Connection are the client's
/// own business: do not set them.
struct request {
  std::string method = "GET";
  std::string target = "/"; ///< Path and query, already percent-encoded.
  std::string host;         ///< Instead of the URL's in the field Host.
  std::vector<header> headers;
  std::string body;
  body_producer producer;         ///< Instead of body, for bodies of any size.
  std::optional<uint64_t> length; ///< Of what producer gives; without it the body is chunked.
  /// Zero means none; without a value that of the client_config.
  std::optional<std::chrono::milliseconds> idle_timeout;
  std::optional<std::chrono::milliseconds> total_timeout;
};

struct response {
  unsigned status = 0;
  std::vector<header> headers;
  std::string body;
  /// Only a stream can be cut: its consumer returned false or its stop was requested. The status
  /// is 0 when that happened before the head came.
  bool complete = false;

  /// The value of a field, the name in any case; empty when there is none.
  std::string_view field(std::string_view name) const;
};

struct client_config {
  /// "http://host:port", "https://host" or "unix:///path/of/socket"; a path behind the host is
  /// ignored. "*.localhost" is this machine.
  std::string url;
  std::chrono::milliseconds connect_timeout{5'000};
  /// No byte moved for so long, in either direction; zero: none.
  std::chrono::milliseconds idle_timeout{30'000};
  /// From the call to its return; zero: none.
  std::chrono::milliseconds total_timeout{0};
  size_t body_limit = 64 << 20; ///< Of a response that is kept in memory.
  std::string ca_file;          ///< PEM; without it the machine's own certificates are trusted.
};

/// A blocking HTTP/1.1 client of one endpoint. It keeps one connection alive between requests and
/// repeats a request once when that connection turns out to be dead and the request can be
/// repeated: its method is idempotent and its body a string.
/// Not for two threads at once; stop_tokens may be used from any thread.
class client {
public:
  explicit client(client_config config);
  ~client();
  client(client&&) noexcept;
  client& operator=(client&&) noexcept;

  /// Any status is a response. Fails with invalid_request (the URL, a header with a line break),
  /// unavailable (cannot connect, connection broken, answer is not HTTP, *stop* requested),
  /// timed_out, too_large (the answer), or with the producer's error.
  caf::expected<response> send(const request& what, std::stop_token stop = {});

  /// Hands the body of a 2xx answer to *on_data*: an empty piece as soon as the head has come, then
  /// piece by piece, without limit, until the end, or
  /// until *on_data* returns false, or within 200 ms of a request of *stop*: neither is an error.
  /// Any other status is returned with its body. Fails like send. Set idle_timeout to zero when
  /// silence is normal.
  caf::expected<response> stream(const request& what,
                                 const std::function<bool(std::string_view)>& on_data,
                                 std::stop_token stop = {});

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

/// Percent-encodes one segment of a path or one key or value of a query.
std::string percent_encode(std::string_view text);

} // namespace backendim::http
