#pragma once

#include "protocol/described.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace backendim {

/// What a caller must hold to send a message. Every public message names one as `needs`; a
/// message without it is internal and passes no door. Each includes those before it. Journals and
/// tokens hold the names, never the numbers.
enum class permission : uint8_t {
  read = 1,       ///< Look at the tenant's own things.
  deploy = 2,     ///< Run the tenant's apps: new releases, scale, stop, start.
  manage = 4,     ///< Change what outlives a release: secrets, and whether an app exists.
  administer = 5, ///< Add, change and remove members below owner.
  own = 6,        ///< Name and dismiss owners.
  operate = 9,    ///< Look at and change the platform: every tenant, nodes, internals.
};
BOOST_DESCRIBE_ENUM(permission, read, deploy, manage, administer, own, operate)

/// Who is asking, as the door that authenticated the caller knows it.
struct principal {
  static constexpr std::string_view summary = "An authenticated caller.";
  static constexpr field_doc docs[] = {
    {"user", "The user's name."},
    {"tenant", "The only tenant whose paths the caller may name, unless it may operate."},
    {"may", "The highest permission; each includes those before it."},
  };
  std::string user;
  std::string tenant;
  permission may = permission::read;
  friend bool operator==(const principal&, const principal&) = default;
};
BOOST_DESCRIBE_STRUCT(principal, (), (user, tenant, may))

template <class T>
concept public_message = described_struct<T> && requires {
  { T::needs } -> std::convertible_to<permission>;
};

} // namespace backendim
