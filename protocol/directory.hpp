#pragma once

#include "protocol/access.hpp"
#include "protocol/accounts.hpp"
#include "protocol/app.hpp"
#include "protocol/role.hpp"

#include <caf/actor_control_block.hpp>
#include <caf/typed_actor.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace backendim {

struct resolve_path {
  static constexpr std::string_view summary = "Asks for the actor at a path; wakes a durable one.";
  std::string path;
  friend bool operator==(const resolve_path&, const resolve_path&) = default;
};
BOOST_DESCRIBE_STRUCT(resolve_path, (), (path))

struct actor_entry {
  static constexpr std::string_view summary = "A living actor.";
  static constexpr field_doc docs[]
    = {{"parent", "Path of the actor it belongs to; may be empty."}};
  std::string path;
  std::string kind;
  std::string parent;
  friend bool operator==(const actor_entry&, const actor_entry&) = default;
};
BOOST_DESCRIBE_STRUCT(actor_entry, (), (path, kind, parent))

struct list_actors {
  static constexpr std::string_view summary = "Asks for living actors in the order of their paths.";
  static constexpr field_doc docs[] = {
    {"prefix", "Only paths that begin so."},
    {"after", "Only paths behind this one."},
  };
  std::string prefix;
  std::string after;
  uint32_t limit = 100;
  friend bool operator==(const list_actors&, const list_actors&) = default;
};
BOOST_DESCRIBE_STRUCT(list_actors, (), (prefix, after, limit))

struct actor_list {
  static constexpr std::string_view summary = "Living actors.";
  std::vector<actor_entry> items;
  friend bool operator==(const actor_list&, const actor_list&) = default;
};
BOOST_DESCRIBE_STRUCT(actor_list, (), (items))

/// Finds actors by path and keeps the durable ones alive. resolve_path fails with not_found, and
/// with invalid_request for what cannot be a path. The two-part message announces an actor that
/// somebody else started: its entry, and the actor itself.
using ingress_actor = caf::typed_actor<caf::replies_to<resolve_path>::with<caf::strong_actor_ptr>,
                                       caf::replies_to<list_actors>::with<actor_list>,
                                       caf::reacts_to<actor_entry, caf::strong_actor_ptr>>;

struct get_tenant {
  static constexpr std::string_view summary = "Asks for a tenant and its apps.";
  static constexpr permission needs = permission::read;
  friend bool operator==(const get_tenant&, const get_tenant&) = default;
};
BOOST_DESCRIBE_STRUCT(get_tenant, (), ())

struct tenant_info {
  static constexpr std::string_view summary = "A tenant and its apps.";
  std::string tenant;
  std::vector<app_info> apps;
  friend bool operator==(const tenant_info&, const tenant_info&) = default;
};
BOOST_DESCRIBE_STRUCT(tenant_info, (), (tenant, apps))

struct get_members {
  static constexpr std::string_view summary = "Asks who is a member, and as what.";
  static constexpr permission needs = permission::read;
  friend bool operator==(const get_members&, const get_members&) = default;
};
BOOST_DESCRIBE_STRUCT(get_members, (), ())

struct set_member {
  static constexpr std::string_view summary
    = "Gives a member another role, at once; naming and dismissing owners needs own.";
  static constexpr permission needs = permission::administer;
  static constexpr field_doc docs[] = {{"caller", "Added by the door."}};
  std::string user;
  backendim::role role = backendim::role::viewer;
  principal caller;
  request_meta meta;
  friend bool operator==(const set_member&, const set_member&) = default;
};
BOOST_DESCRIBE_STRUCT(set_member, (), (user, role, caller, meta))

struct remove_member {
  static constexpr std::string_view summary
    = "Ends a membership; every token of it is worth nothing at once.";
  static constexpr permission needs = permission::administer;
  static constexpr field_doc docs[] = {{"caller", "Added by the door."}};
  std::string user;
  principal caller;
  request_meta meta;
  friend bool operator==(const remove_member&, const remove_member&) = default;
};
BOOST_DESCRIBE_STRUCT(remove_member, (), (user, caller, meta))

/// One tenant, at tenant/<name>. Its apps tell it what became of them; who its members are it asks
/// the accounts, and fails as they do.
using tenant_actor = caf::typed_actor<
  caf::replies_to<get_tenant>::with<tenant_info>, caf::replies_to<get_members>::with<member_list>,
  caf::replies_to<set_member>::with<member_list>, caf::replies_to<remove_member>::with<member_list>,
  caf::reacts_to<app_info>, caf::reacts_to<app_removed>>;

} // namespace backendim
