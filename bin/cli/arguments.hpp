#pragma once

#include "bin/cli/verb.hpp"

#include <caf/expected.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace backendim::cli {

/// What stands behind the verb.
class arguments {
public:
  bool has(std::string_view flag) const { return value(flag).has_value(); }
  /// Of a flag given more than once the last one; of a switch the empty text.
  std::optional<std::string> value(std::string_view flag) const;
  std::vector<std::string> all(std::string_view flag) const;
  /// Fails as a usage problem when it is no number from *least* to *most*.
  caf::expected<uint64_t> number(std::string_view flag, uint64_t otherwise, uint64_t least,
                                 uint64_t most) const;
  /// The operand at *place*, or the empty text.
  std::string operand(size_t place) const;

  std::vector<std::pair<std::string, std::string>> flags;
  std::vector<std::string> operands;
  std::optional<size_t> dashes{}; ///< How many operands stand before "--", if that is there.
};

struct invocation {
  const verb* what = nullptr; ///< Of the table; nullptr: none was named.
  arguments given;
};

/// Understands a command line without the program's name. Verbs may be written with a colon.
/// Fails as a usage problem that suggests the closest word.
caf::expected<invocation> parse(const std::vector<std::string>& words);

} // namespace backendim::cli
