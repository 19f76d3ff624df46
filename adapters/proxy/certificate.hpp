#pragma once

#include <caf/expected.hpp>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

struct ssl_ctx_st;

namespace backendim::proxy {

struct ssl_context_deleter {
  void operator()(ssl_ctx_st* x) const;
};
using ssl_context_ptr = std::unique_ptr<ssl_ctx_st, ssl_context_deleter>;

/// A certificate with its chain and its key, ready to be shown. Never changes; shared by threads.
struct certificate {
  std::filesystem::path file; ///< NAME.crt.
  ssl_context_ptr context;
  std::vector<std::string> names; ///< Of its subjectAltName, lower case: hosts and "*.domain".
  std::chrono::system_clock::time_point begins;
  std::chrono::system_clock::time_point ends;
};
using certificate_ptr = std::shared_ptr<const certificate>;

/// The settings that every connection begins with: TLS 1.2 or newer, ciphers with forward secrecy,
/// HTTP/1.1 by ALPN. Null: no memory.
ssl_context_ptr make_ssl_context();

/// Reads *file* (PEM: the certificate itself first, then those between it and the root) and the key
/// NAME.key beside it. Fails with invalid_request and a failure that names the file and what to do:
/// it cannot be read, is no PEM, has no name, is not valid at *now*; the key is not its key, has a
/// passphrase, or may be read by everybody. Blocks for as long as the disk does.
caf::expected<certificate_ptr> read_certificate(const std::filesystem::path& file,
                                                std::chrono::system_clock::time_point now);

/// "2027-03-01 12:00 UTC".
std::string date_text(std::chrono::system_clock::time_point x);

} // namespace backendim::proxy
