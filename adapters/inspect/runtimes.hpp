#pragma once

#include "adapters/inspect/inspector.hpp"
#include "adapters/inspect/version.hpp"
#include "protocol/runtime_name.hpp"

#include <caf/expected.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace backendim::inspection {

/// A version that somebody wrote down.
struct version_wish {
  std::string text;  ///< As written: ">=18".
  std::string where; ///< "package.json:7".
  version_range range;
};

struct chosen_runtime {
  std::string name; ///< "node@20".
  std::string line; ///< "20".
  std::string why;  ///< One sentence.
};

/// The language versions that can be had.
class runtime_catalog {
public:
  explicit runtime_catalog(const options& x);

  /// The best line for *wish*; the language's usual line without one. What go.mod
  /// names is a minimum, so Go takes the lowest line that fits; the others take the usual line when
  /// it fits, else the highest, long-term lines of Node first.
  /// Fails with invalid_request and a failure {runtime_unavailable}.
  caf::expected<chosen_runtime> choose(std::string_view language,
                                       const std::optional<version_wish>& wish) const;

private:
  struct language_entry {
    std::string name;
    std::vector<version_line> lines; ///< Ascending.
    std::vector<std::string> shown;  ///< "16 to 24", for error texts.
  };

  void add(std::string_view pattern);
  caf::error unavailable(const language_entry& entry, const version_wish& wish) const;

  std::vector<language_entry> languages_;
};

} // namespace backendim::inspection
