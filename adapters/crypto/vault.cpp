#include "adapters/crypto/vault.hpp"

#include "adapters/crypto/key_file.hpp"
#include "protocol/error.hpp"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>
#include <sstream>
#include <utility>
#include <vector>

namespace backendim::crypto {

namespace fs = std::filesystem;

namespace {

constexpr size_t key_bytes = crypto_aead_xchacha20poly1305_ietf_KEYBYTES;
constexpr size_t nonce_bytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr size_t tag_bytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr auto base64 = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
constexpr std::string_view form = "v1"; // of sealed text and of the key file
constexpr std::string_view mark_line = "mark";

/// Bytes that are not left in memory.
class key {
public:
  explicit key(std::vector<unsigned char> bytes) : bytes_{std::move(bytes)} {}
  key(key&& other) noexcept : bytes_{std::exchange(other.bytes_, {})} {}
  key& operator=(key&&) = delete;
  ~key() {
    if (!bytes_.empty())
      sodium_memzero(bytes_.data(), bytes_.size());
  }
  static key fresh() {
    std::vector<unsigned char> bytes(key_bytes);
    randombytes_buf(bytes.data(), bytes.size());
    return key{std::move(bytes)};
  }
  const std::vector<unsigned char>& bytes() const { return bytes_; }

private:
  std::vector<unsigned char> bytes_;
};

std::string encode(const std::vector<unsigned char>& bytes) {
  std::string result(sodium_base64_encoded_len(bytes.size(), base64), '\0');
  sodium_bin2base64(result.data(), result.size(), bytes.data(), bytes.size(), base64);
  result.resize(std::strlen(result.c_str()));
  return result;
}

std::optional<std::vector<unsigned char>> decode(std::string_view text) {
  std::vector<unsigned char> result(text.size());
  size_t length = 0;
  const char* end = nullptr;
  if (sodium_base642bin(result.data(), result.size(), text.data(), text.size(), nullptr, &length,
                        &end, base64)
        != 0
      || end != text.data() + text.size())
    return std::nullopt;
  result.resize(length);
  return result;
}

std::optional<uint32_t> number(std::string_view text) {
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value == 0)
    return std::nullopt;
  return value;
}

/// No part of a place holds a zero, so two places never look alike.
std::string bound_to(const secret_place& where, uint32_t generation) {
  std::string result{form};
  for (const auto& part : {std::to_string(generation), where.tenant, where.app, where.name})
    result.append(1, '\0').append(part);
  return result;
}

const unsigned char* raw(std::string_view x) {
  return reinterpret_cast<const unsigned char*>(x.data());
}

caf::error unusable(const fs::path& file, ec code, const std::string& why) {
  return caf::make_error(code, file.string() + ": " + why);
}

struct key_ring {
  key mark_key;
  std::map<uint32_t, key> by_generation; ///< Never empty.
};

std::string text_of(const key_ring& ring) {
  auto result = std::string{mark_line} + " " + encode(ring.mark_key.bytes()) + "\n";
  for (const auto& [generation, x] : ring.by_generation)
    result += std::to_string(generation) + " " + encode(x.bytes()) + "\n";
  return result;
}

std::optional<key_ring> parse(const std::string& text) {
  std::istringstream lines{text};
  std::optional<key> mark_key;
  std::map<uint32_t, key> by_generation;
  for (std::string line; std::getline(lines, line);) {
    const auto space = line.find(' ');
    auto bytes = decode(std::string_view{line}.substr(std::min(line.size(), space + 1)));
    if (space == line.npos || !bytes || bytes->size() != key_bytes)
      return std::nullopt;
    const auto name = std::string_view{line}.substr(0, space);
    if (name == mark_line && !mark_key)
      mark_key.emplace(std::move(*bytes));
    else if (const auto generation = number(name))
      by_generation.emplace(*generation, key{std::move(*bytes)});
    else
      return std::nullopt;
  }
  if (!mark_key || by_generation.empty())
    return std::nullopt;
  return key_ring{std::move(*mark_key), std::move(by_generation)};
}

caf::error write(const fs::path& file, const key_ring& ring) {
  auto text = text_of(ring);
  auto why = write_key_file(file, text);
  sodium_memzero(text.data(), text.size());
  return why;
}

class sodium_vault : public vault {
public:
  sodium_vault(fs::path file, key_ring ring) : file_{std::move(file)}, ring_{std::move(ring)} {}

  std::string seal(const secret_place& where, std::string_view value) override {
    const std::lock_guard guard{mutex_};
    const auto& [generation, newest] = *ring_.by_generation.rbegin();
    std::vector<unsigned char> bytes(nonce_bytes + value.size() + tag_bytes);
    randombytes_buf(bytes.data(), nonce_bytes);
    const auto bound = bound_to(where, generation);
    crypto_aead_xchacha20poly1305_ietf_encrypt(bytes.data() + nonce_bytes, nullptr, raw(value),
                                               value.size(), raw(bound), bound.size(), nullptr,
                                               bytes.data(), newest.bytes().data());
    return std::string{form} + "." + std::to_string(generation) + "." + encode(bytes);
  }

  caf::expected<std::string> open(const secret_place& where, const std::string& sealed) override {
    const auto broken = [&](const char* why) {
      return caf::make_error(ec::internal, "the secret " + where.name + " of " + where.tenant + "/"
                                             + where.app + " cannot be opened: " + why);
    };
    const auto first = sealed.find('.'), second = sealed.find('.', first + 1);
    if (first == sealed.npos || second == sealed.npos || sealed.substr(0, first) != form)
      return broken("it was not sealed by a vault");
    const auto generation = number(std::string_view{sealed}.substr(first + 1, second - first - 1));
    const auto bytes = decode(std::string_view{sealed}.substr(second + 1));
    if (!generation || !bytes || bytes->size() < nonce_bytes + tag_bytes)
      return broken("it was not sealed by a vault");
    const std::lock_guard guard{mutex_};
    const auto found = ring_.by_generation.find(*generation);
    if (found == ring_.by_generation.end())
      return broken("its master key is gone");
    std::string value(bytes->size() - nonce_bytes - tag_bytes, '\0');
    const auto bound = bound_to(where, *generation);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(
          reinterpret_cast<unsigned char*>(value.data()), nullptr, nullptr,
          bytes->data() + nonce_bytes, bytes->size() - nonce_bytes, raw(bound), bound.size(),
          bytes->data(), found->second.bytes().data())
        != 0)
      return broken("it was changed, or sealed for something else");
    return value;
  }

  std::string mark(std::string_view text) override {
    std::vector<unsigned char> hash(crypto_generichash_BYTES);
    const auto& secret = ring_.mark_key.bytes(); // never replaced
    crypto_generichash(hash.data(), hash.size(), raw(text), text.size(), secret.data(),
                       secret.size());
    return encode(hash);
  }

  caf::expected<uint32_t> rotate() override {
    const std::lock_guard guard{mutex_};
    const auto next = ring_.by_generation.rbegin()->first + 1;
    ring_.by_generation.emplace(next, key::fresh());
    if (auto why = write(file_, ring_)) {
      ring_.by_generation.erase(next);
      return why;
    }
    return next;
  }

  caf::expected<caf::unit_t> forget_before(uint32_t generation) override {
    const std::lock_guard guard{mutex_};
    auto& keys = ring_.by_generation;
    const auto end = keys.lower_bound(std::min(generation, keys.rbegin()->first));
    if (end == keys.begin())
      return caf::unit;
    keys.erase(keys.begin(), end);
    if (auto why = write(file_, ring_))
      return why;
    return caf::unit;
  }

private:
  const fs::path file_;
  std::mutex mutex_;
  key_ring ring_; ///< Its keys are guarded by mutex_.
};

} // namespace

caf::expected<std::shared_ptr<vault>> open_vault(const fs::path& key_file) {
  if (sodium_init() < 0)
    return caf::make_error(ec::internal, "libsodium does not start");
  const int known = ::open(key_file.c_str(), O_RDONLY | O_CLOEXEC);
  if (known < 0 && errno != ENOENT)
    return unusable(key_file, ec::unavailable, std::strerror(errno));
  if (known < 0) {
    key_ring ring{key::fresh(), {}};
    ring.by_generation.emplace(1, key::fresh());
    if (auto why = write(key_file, ring))
      return why;
    return std::shared_ptr<vault>{std::make_shared<sodium_vault>(key_file, std::move(ring))};
  }
  struct stat about = {};
  std::string text;
  bool whole = ::fstat(known, &about) == 0;
  for (char piece[4'096]; whole;) {
    const auto n = ::read(known, piece, sizeof piece);
    if (n > 0)
      text.append(piece, static_cast<size_t>(n));
    whole = n >= 0;
    if (n <= 0)
      break;
  }
  ::close(known);
  if (whole && (about.st_mode & 077))
    return unusable(key_file, ec::internal, "may be read by others: chmod 600 it");
  auto ring = whole ? parse(text) : std::nullopt;
  sodium_memzero(text.data(), text.size());
  if (!ring)
    return unusable(key_file, ec::internal, "holds no master keys; a backup does");
  return std::shared_ptr<vault>{std::make_shared<sodium_vault>(key_file, std::move(*ring))};
}

} // namespace backendim::crypto
