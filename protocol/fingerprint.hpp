#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace backendim {

/// Tells texts apart that nobody made to look alike: FNV-1a with 64 bits
/// (http://www.isthe.com/chongo/tech/comp/fnv), in decimal.
inline std::string fingerprint(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text)
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return std::to_string(hash);
}

/// The first *length*, at most 12, letters and digits of the same in a form for names: 5 bits each.
inline std::string letters_of(std::string_view text, size_t length) {
  constexpr std::string_view letters = "abcdefghijkmnpqrstuvwxyz23456789";
  static_assert(letters.size() == 32);
  auto bits = std::stoull(fingerprint(text));
  std::string result;
  for (size_t i = 0; i < length; ++i, bits >>= 5)
    result += letters[bits & 31];
  return result;
}

} // namespace backendim
