#include "adapters/crypto/digest.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace backendim::crypto {

namespace {
constexpr std::string_view algorithm = "sha256:";
} // namespace

struct sha256::context {
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> evp{EVP_MD_CTX_new(), &EVP_MD_CTX_free};
};

sha256::sha256() : context_{std::make_unique<context>()} {
  EVP_DigestInit_ex(context_->evp.get(), EVP_sha256(), nullptr);
}
sha256::~sha256() = default;
sha256::sha256(sha256&&) noexcept = default;
sha256& sha256::operator=(sha256&&) noexcept = default;

void sha256::add(std::span<const std::byte> bytes) {
  EVP_DigestUpdate(context_->evp.get(), bytes.data(), bytes.size());
}

sha256_bytes sha256::finish() {
  sha256_bytes result{};
  EVP_DigestFinal_ex(context_->evp.get(), result.data(), nullptr);
  return result;
}

sha256_bytes hmac_sha256(std::string_view key, std::string_view text) {
  sha256_bytes result{};
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), result.data(), nullptr);
  return result;
}

std::string hex(std::span<const unsigned char> bytes) {
  std::string result;
  result.reserve(bytes.size() * 2);
  for (const auto byte : bytes) {
    result += "0123456789abcdef"[byte >> 4];
    result += "0123456789abcdef"[byte & 15];
  }
  return result;
}

std::string sha256_hex(std::string_view text) {
  sha256 hash;
  hash.add(text);
  return hex(hash.finish());
}

std::string blob_name(const sha256_bytes& digest) {
  return std::string{algorithm} + hex(digest);
}

bool is_blob_name(std::string_view x) {
  return x.size() == algorithm.size() + 2 * sizeof(sha256_bytes) && x.starts_with(algorithm)
         && x.find_first_not_of("0123456789abcdef", algorithm.size()) == x.npos;
}

std::string hex_of_blob_name(const std::string& name) {
  return name.substr(algorithm.size());
}

} // namespace backendim::crypto
