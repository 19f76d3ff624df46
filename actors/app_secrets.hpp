#pragma once

#include "protocol/secret.hpp"

#include <caf/timestamp.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace backendim {

/// The newest version of a secret. What older ones were, only the releases that use them know.
struct kept_secret {
  uint32_t version = 0;
  std::string sealed; ///< Empty: it was unset; the next version counts on.
  std::string who;
  caf::timestamp at;
};
BOOST_DESCRIBE_STRUCT(kept_secret, (), (version, sealed, who, at))

constexpr size_t max_secrets = 100;           ///< Of one app.
constexpr size_t max_sealed_bytes = 64 << 10; ///< Of one app's newest versions together.

/// Those that are set.
std::vector<sealed_secret> current_secrets(const std::map<std::string, kept_secret>& secrets);

/// *first*, and those of *others* that have another name.
std::vector<sealed_secret> with_others(std::vector<sealed_secret> first,
                                       const std::vector<sealed_secret>& others);

} // namespace backendim
