#pragma once

#include "protocol/access.hpp"

#include <caf/expected.hpp>

#include <chrono>
#include <string>
#include <string_view>

namespace backendim {

/// What a session token (JWT) says.
struct proved_session {
  principal who;
  std::string token_id; ///< Of the API token it was made from; empty: it does not say.
};

/// Hashes and proves. Thread-safe. Never logs what it is given.
class identity {
public:
  virtual ~identity() = default;

  /// argon2id in the PHC string form. Blocks for about 50 ms of CPU.
  virtual std::string hash_secret(std::string_view secret) = 0;
  /// Blocks as long as hash_secret.
  virtual bool verify_secret(std::string_view secret, const std::string& hash) = 0;

  /// *bytes* random bytes, base64url without padding.
  virtual std::string random_token(size_t bytes) = 0;

  /// A signed JWT (HS256) that says who *x* is until now + *valid*.
  virtual caf::expected<std::string> issue(const proved_session& x, std::chrono::seconds valid) = 0;
  /// Fails with unauthenticated: not ours, changed, expired. Microseconds; blocks for nothing.
  virtual caf::expected<proved_session> verify(const std::string& jwt) = 0;
};

} // namespace backendim
