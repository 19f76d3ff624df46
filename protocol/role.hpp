#pragma once

#include "protocol/access.hpp"
#include "protocol/error.hpp"

#include <caf/error.hpp>

#include <string>
#include <string_view>

namespace backendim {

/// What a member is in its tenant. Append only. Who operates the platform is no member.
enum class role : uint8_t { viewer = 1, developer, admin, owner };
BOOST_DESCRIBE_ENUM(role, viewer, developer, admin, owner)

/// The highest permission of a member of this role.
constexpr permission permission_of(role x) {
  switch (x) {
    case role::viewer: return permission::read;
    case role::developer: return permission::deploy;
    case role::admin: return permission::administer;
    case role::owner: return permission::own;
  }
  return permission::read;
}

/// The least role that includes *x*; owner for operate, which none includes.
constexpr role role_with(permission x) {
  for (const auto each : {role::viewer, role::developer, role::admin})
    if (permission_of(each) >= x)
      return each;
  return role::owner;
}

std::string_view to_word(role x);
std::string_view to_word(permission x);

/// The role that a permission amounts to, "operator" for operate.
std::string_view role_name(permission may);

/// The context of a forbidden.
struct access_refusal {
  static constexpr std::string_view summary
    = "What a caller lacks for what it wanted, and who can give it.";
  static constexpr field_doc docs[] = {
    {"needs", "The permission."},
    {"detail", "The same in a sentence, with the role that has it."},
    {"next", "Who can give it, and how."},
  };
  permission needs = permission::read;
  std::string detail;
  std::string next;
  friend bool operator==(const access_refusal&, const access_refusal&) = default;
};
BOOST_DESCRIBE_STRUCT(access_refusal, (), (needs, detail, next))

/// The forbidden for *who*, which does not hold *needs*.
caf::error lacks_permission(const principal& who, permission needs);

/// The table of docs/tenants.md: which role holds which permission.
std::string roles_markdown();

} // namespace backendim
