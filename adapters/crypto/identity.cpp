#include "adapters/crypto/identity.hpp"

#include "adapters/crypto/key_file.hpp"
#include "protocol/error.hpp"

#include <fcntl.h>
#include <jwt.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace backendim::crypto {

namespace {

constexpr size_t key_bytes = 32; // RFC 7518 3.2: as long as the hash of HS256
constexpr time_t clock_skew = 30;
// OWASP Password Storage Cheat Sheet: argon2id with 19 MiB and two passes.
constexpr unsigned long long argon_passes = 2;
constexpr size_t argon_memory = 19u << 20;

struct jwt_closer {
  void operator()(jwt_t* x) const { jwt_free(x); }
};
using jwt_ptr = std::unique_ptr<jwt_t, jwt_closer>;

caf::error refused() {
  return caf::make_error(ec::unauthenticated, "the token is not valid, or has expired");
}

class sodium_identity : public identity {
public:
  explicit sodium_identity(std::vector<unsigned char> key) : key_{std::move(key)} {}
  ~sodium_identity() override { sodium_memzero(key_.data(), key_.size()); }

  std::string hash_secret(std::string_view secret) override {
    std::string result(crypto_pwhash_STRBYTES, '\0');
    if (crypto_pwhash_str_alg(result.data(), secret.data(), secret.size(), argon_passes,
                              argon_memory, crypto_pwhash_ALG_ARGON2ID13)
        != 0)
      return {}; // out of memory: matches nothing
    result.resize(std::strlen(result.c_str()));
    return result;
  }

  bool verify_secret(std::string_view secret, const std::string& hash) override {
    return crypto_pwhash_str_verify(hash.c_str(), secret.data(), secret.size()) == 0;
  }

  std::string random_token(size_t bytes) override {
    std::vector<unsigned char> raw(bytes);
    randombytes_buf(raw.data(), raw.size());
    constexpr auto variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
    std::string result(sodium_base64_encoded_len(bytes, variant), '\0');
    sodium_bin2base64(result.data(), result.size(), raw.data(), raw.size(), variant);
    result.resize(std::strlen(result.c_str()));
    return result;
  }

  caf::expected<std::string> issue(const proved_session& x, std::chrono::seconds valid) override {
    jwt_t* raw = nullptr;
    if (jwt_new(&raw) != 0)
      return caf::make_error(ec::internal, "cannot make a token");
    const jwt_ptr token{raw};
    const auto now = std::time(nullptr);
    const auto* may = boost::describe::enum_to_string(x.who.may, "read");
    if (jwt_add_grant(raw, "sub", x.who.user.c_str())
        || jwt_add_grant(raw, "tenant", x.who.tenant.c_str()) || jwt_add_grant(raw, "may", may)
        || jwt_add_grant(raw, "token", x.token_id.c_str()) || jwt_add_grant_int(raw, "iat", now)
        || jwt_add_grant_int(raw, "exp", now + valid.count())
        || jwt_add_grant(raw, "jti", random_token(12).c_str())
        || jwt_set_alg(raw, JWT_ALG_HS256, key_.data(), static_cast<int>(key_.size())))
      return caf::make_error(ec::internal, "cannot make a token");
    const std::unique_ptr<char, void (*)(void*)> text{jwt_encode_str(raw), std::free};
    if (!text)
      return caf::make_error(ec::internal, "cannot sign a token");
    return std::string{text.get()};
  }

  caf::expected<proved_session> verify(const std::string& text) override {
    jwt_t* raw = nullptr;
    if (text.size() > 4'096
        || jwt_decode(&raw, text.c_str(), key_.data(), static_cast<int>(key_.size())) != 0)
      return refused();
    const jwt_ptr token{raw};
    if (jwt_get_alg(raw) != JWT_ALG_HS256) // libjwt takes what the header says, even "none"
      return refused();
    const auto now = std::time(nullptr);
    if (jwt_get_grant_int(raw, "exp") + clock_skew < now
        || jwt_get_grant_int(raw, "iat") - clock_skew > now)
      return refused();
    const char* user = jwt_get_grant(raw, "sub");
    const char* tenant = jwt_get_grant(raw, "tenant");
    const char* may = jwt_get_grant(raw, "may");
    const char* made_from = jwt_get_grant(raw, "token");
    proved_session result;
    if (!user || !tenant || !may || !boost::describe::enum_from_string(may, result.who.may))
      return refused();
    result.who.user = user;
    result.who.tenant = tenant;
    if (made_from)
      result.token_id = made_from;
    else if (result.who.may == permission::deploy) // signed when it was all of a tenant
      result.who.may = permission::manage;
    return result;
  }

private:
  std::vector<unsigned char> key_;
};

caf::error unusable(const std::filesystem::path& file, ec code, const std::string& why) {
  return caf::make_error(code, file.string() + ": " + why);
}

} // namespace

caf::expected<std::shared_ptr<identity>> open_identity(const std::filesystem::path& key_file) {
  if (sodium_init() < 0)
    return caf::make_error(ec::internal, "libsodium does not start");
  std::vector<unsigned char> key(key_bytes);
  const int known = ::open(key_file.c_str(), O_RDONLY | O_CLOEXEC);
  if (known < 0 && errno != ENOENT)
    return unusable(key_file, ec::unavailable, std::strerror(errno));
  struct stat about = {};
  const bool whole = known >= 0 && ::fstat(known, &about) == 0
                     && ::read(known, key.data(), key.size()) == static_cast<ssize_t>(key.size());
  if (known >= 0)
    ::close(known);
  // Releases of before left an empty file when they were killed while they made it: nobody has a
  // session of that key.
  if (known < 0 || (S_ISREG(about.st_mode) && about.st_size == 0)) {
    randombytes_buf(key.data(), key.size());
    const std::string_view bytes{reinterpret_cast<const char*>(key.data()), key.size()};
    if (auto why = write_key_file(key_file, bytes))
      return why;
    return std::shared_ptr<identity>{std::make_shared<sodium_identity>(std::move(key))};
  }
  if (!whole)
    return unusable(key_file, ec::internal, "is no signing key of 32 bytes");
  if (about.st_mode & 077)
    return unusable(key_file, ec::internal, "may be read by others: chmod 600 it");
  return std::shared_ptr<identity>{std::make_shared<sodium_identity>(std::move(key))};
}

} // namespace backendim::crypto
