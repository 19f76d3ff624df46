#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace backendim::crypto {

using sha256_bytes = std::array<unsigned char, 32>;

/// Takes bytes piece by piece.
class sha256 {
public:
  sha256();
  ~sha256();
  sha256(sha256&&) noexcept;
  sha256& operator=(sha256&&) noexcept;

  void add(std::span<const std::byte> bytes);
  void add(std::string_view text) { add(std::as_bytes(std::span{text})); }

  /// Call once, at the end.
  sha256_bytes finish();

private:
  struct context;
  std::unique_ptr<context> context_;
};

sha256_bytes hmac_sha256(std::string_view key, std::string_view text);

/// Lower case.
std::string hex(std::span<const unsigned char> bytes);

/// The lower-case hex SHA-256 of *text*.
std::string sha256_hex(std::string_view text);

/// "sha256:" and the hex digest: the name of a blob.
std::string blob_name(const sha256_bytes& digest);
bool is_blob_name(std::string_view x);

/// The hex digits of a blob's name.
std::string hex_of_blob_name(const std::string& name);

} // namespace backendim::crypto
