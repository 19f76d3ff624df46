#pragma once

#include "adapters/vault.hpp"
#include "protocol/error.hpp"
#include "protocol/secret.hpp"

#include <caf/expected.hpp>

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace backendim {

/// The values of *x* by name; of several versions all. Fails like the vault.
caf::expected<std::vector<std::pair<std::string, std::string>>> opened(vault& keys,
                                                                       const sealed_secrets& x);

/// Stands where text from outside comes in, before anybody keeps or shows it. Makes plain text of
/// it, and takes known values out: as they are, and in base64, percent-encoded, in hex and as JSON
/// writes them. Of a value of several lines, each line counts. What has less than 4 characters is
/// no secret and stays, or nothing could be read any more.
class redactor {
public:
  redactor() = default;
  explicit redactor(const std::vector<std::pair<std::string, std::string>>& values);

  /// *line* as plain text with "[secret NAME]" in place of each value.
  std::string operator()(std::string_view line) const;

  failure operator()(failure x) const;
  /// What an error says, whatever form its context has.
  caf::error operator()(const caf::error& x) const;

private:
  void add(const std::string& name, std::string value);
  std::string without_values(std::string_view line) const;

  std::vector<std::pair<std::string, std::string>> known_; ///< Text, and the name of its secret.
};

/// One for the secrets *x*. What does not open cannot have been shown by anybody: it is left out.
redactor redactor_of(vault& keys, const sealed_secrets& x);

} // namespace backendim
