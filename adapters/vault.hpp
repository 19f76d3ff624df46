#pragma once

#include <caf/expected.hpp>
#include <caf/unit.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace backendim {

/// What a sealed value is for; it opens for nothing else.
struct secret_place {
  std::string tenant;
  std::string app;
  std::string name;
};

/// Seals values under a master key that only it knows. Thread-safe. Never logs what it is given.
/// Calls take microseconds and block for nothing, unless said otherwise.
class vault {
public:
  virtual ~vault() = default;

  /// Text in which the value cannot be found; another one each time.
  virtual std::string seal(const secret_place& where, std::string_view value) = 0;

  /// Fails with internal: changed, sealed for another place, or its key is gone.
  virtual caf::expected<std::string> open(const secret_place& where, const std::string& sealed) = 0;

  /// A hash with a key of its own: equal texts have equal marks, and a mark cannot be tried on
  /// guesses without the key.
  virtual std::string mark(std::string_view text) = 0;

  /// Seals under a new key from now on and returns its number; older keys go on opening. Returns
  /// once it is on disk: blocks. Fails with unavailable.
  virtual caf::expected<uint32_t> rotate() = 0;

  /// Forgets the keys in front of *generation*: what they sealed never opens again. Blocks. Fails
  /// with unavailable.
  virtual caf::expected<caf::unit_t> forget_before(uint32_t generation) = 0;
};

} // namespace backendim
