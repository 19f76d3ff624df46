#pragma once

#include "protocol/access.hpp"
#include "protocol/durable.hpp"
#include "protocol/journal.hpp"
#include "protocol/role.hpp"

#include <caf/optional.hpp>
#include <caf/timestamp.hpp>
#include <caf/typed_actor.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace backendim {

struct create_token {
  static constexpr std::string_view summary
    = "Gives a user an API token; makes the user a member if new.";
  static constexpr field_doc docs[] = {
    {"token_id", "The public part of the token, behind bim_."},
    {"hash", "argon2id of the secret part."},
  };
  principal owner;
  std::string token_id;
  std::string hash;
  request_meta meta;
  friend bool operator==(const create_token&, const create_token&) = default;
};
BOOST_DESCRIBE_STRUCT(create_token, (), (owner, token_id, hash, meta))

struct get_token {
  static constexpr std::string_view summary = "Asks whose an API token is.";
  std::string token_id;
  friend bool operator==(const get_token&, const get_token&) = default;
};
BOOST_DESCRIBE_STRUCT(get_token, (), (token_id))

struct token_info {
  static constexpr std::string_view summary = "An API token: whose it is and how to check it.";
  static constexpr field_doc docs[]
    = {{"owner", "Its permission is the most it is good for; what it is, its owner's role says."}};
  principal owner;
  std::string token_id;
  std::string hash;
  friend bool operator==(const token_info&, const token_info&) = default;
};
BOOST_DESCRIBE_STRUCT(token_info, (), (owner, token_id, hash))

struct get_access {
  static constexpr std::string_view summary = "Asks what a token that was proved is worth now.";
  static constexpr field_doc docs[] = {
    {"token_id", "The API token it is, or was made from; empty: nobody knows any more."},
    {"issued", "Whose it is, and the most it is good for."},
  };
  std::string token_id;
  principal issued;
  friend bool operator==(const get_access&, const get_access&) = default;
};
BOOST_DESCRIBE_STRUCT(get_access, (), (token_id, issued))

struct tenant_entry {
  static constexpr std::string_view summary = "A tenant in the list of all.";
  static constexpr field_doc docs[] = {
    {"created", "Absent: it is there because a token of it is."},
  };
  std::string tenant;
  std::vector<std::string> owners;
  uint32_t members = 0;
  caf::optional<caf::timestamp> created;
  friend bool operator==(const tenant_entry&, const tenant_entry&) = default;
};
BOOST_DESCRIBE_STRUCT(tenant_entry, (), (tenant, owners, members, created))

struct get_tenants {
  static constexpr std::string_view summary = "Asks for every tenant.";
  static constexpr permission needs = permission::operate;
  friend bool operator==(const get_tenants&, const get_tenants&) = default;
};
BOOST_DESCRIBE_STRUCT(get_tenants, (), ())

struct tenant_list {
  static constexpr std::string_view summary = "Every tenant, by name.";
  std::vector<tenant_entry> items;
  friend bool operator==(const tenant_list&, const tenant_list&) = default;
};
BOOST_DESCRIBE_STRUCT(tenant_list, (), (items))

struct member_info {
  static constexpr std::string_view summary = "A member of a tenant.";
  static constexpr field_doc docs[] = {
    {"who", "Who gave the role."},
    {"at", "When."},
  };
  std::string user;
  backendim::role role = backendim::role::viewer;
  std::string who;
  caf::timestamp at;
  friend bool operator==(const member_info&, const member_info&) = default;
};
BOOST_DESCRIBE_STRUCT(member_info, (), (user, role, who, at))

struct member_list {
  static constexpr std::string_view summary = "The members of a tenant, by name.";
  std::string tenant;
  std::vector<member_info> items;
  friend bool operator==(const member_list&, const member_list&) = default;
};
BOOST_DESCRIBE_STRUCT(member_list, (), (tenant, items))

/// Internal, as add_member is: whoever sends it has made the token.
struct create_tenant {
  static constexpr std::string_view summary = "Makes a tenant with its first owner.";
  std::string tenant;
  std::string owner;
  std::string token_id;
  std::string hash;
  request_meta meta;
  friend bool operator==(const create_tenant&, const create_tenant&) = default;
};
BOOST_DESCRIBE_STRUCT(create_tenant, (), (tenant, owner, token_id, hash, meta))

struct add_member {
  static constexpr std::string_view summary = "Makes a user a member, with a token.";
  static constexpr field_doc docs[] = {{"caller", "Who asks, and may how much."}};
  std::string tenant;
  std::string user;
  backendim::role role = backendim::role::viewer;
  std::string token_id;
  std::string hash;
  principal caller;
  request_meta meta;
  friend bool operator==(const add_member&, const add_member&) = default;
};
BOOST_DESCRIBE_STRUCT(add_member, (), (tenant, user, role, token_id, hash, caller, meta))

struct change_member {
  static constexpr std::string_view summary = "Gives a member another role, or removes it.";
  static constexpr field_doc docs[] = {
    {"role", "Absent: it is removed, and its tokens with it."},
    {"caller", "Who asks, and may how much."},
  };
  std::string tenant;
  std::string user;
  caf::optional<backendim::role> role;
  principal caller;
  request_meta meta;
  friend bool operator==(const change_member&, const change_member&) = default;
};
BOOST_DESCRIBE_STRUCT(change_member, (), (tenant, user, role, caller, meta))

struct list_members {
  static constexpr std::string_view summary = "Asks for the members of a tenant.";
  std::string tenant;
  friend bool operator==(const list_members&, const list_members&) = default;
};
BOOST_DESCRIBE_STRUCT(list_members, (), (tenant))

struct token_entry {
  static constexpr std::string_view summary = "An API token in the list of all.";
  static constexpr field_doc docs[] = {
    {"token_id", "The public part of the token, behind bim_."},
    {"may", "The most it is good for."},
  };
  std::string token_id;
  std::string user;
  std::string tenant;
  permission may = permission::read;
  friend bool operator==(const token_entry&, const token_entry&) = default;
};
BOOST_DESCRIBE_STRUCT(token_entry, (), (token_id, user, tenant, may))

struct get_tokens {
  static constexpr std::string_view summary = "Asks for every API token there is.";
  static constexpr permission needs = permission::operate;
  friend bool operator==(const get_tokens&, const get_tokens&) = default;
};
BOOST_DESCRIBE_STRUCT(get_tokens, (), ())

struct token_list {
  static constexpr std::string_view summary = "Every API token, oldest first.";
  std::vector<token_entry> items;
  friend bool operator==(const token_list&, const token_list&) = default;
};
BOOST_DESCRIBE_STRUCT(token_list, (), (items))

struct revoke_token {
  static constexpr std::string_view summary
    = "Takes an API token back, and every session that was made from it.";
  static constexpr permission needs = permission::operate;
  std::string token_id;
  request_meta meta;
  friend bool operator==(const revoke_token&, const revoke_token&) = default;
};
BOOST_DESCRIBE_STRUCT(revoke_token, (), (token_id, meta))

/// Internal: whoever sends it has made the token.
struct keep_own_token {
  static constexpr std::string_view summary
    = "The platform's own token is this one from now on, and no other is.";
  principal owner;
  std::string token_id;
  std::string hash;
  request_meta meta;
  friend bool operator==(const keep_own_token&, const keep_own_token&) = default;
};
BOOST_DESCRIBE_STRUCT(keep_own_token, (), (owner, token_id, hash, meta))

// -- events ---------------------------------------------------------------------------------------

/// Written before there were members: who had one was one, and deploy was all of a tenant.
struct token_created {
  static constexpr std::string_view summary = "Event: a user has a new API token.";
  token_info token;
  caf::timestamp at;
  friend bool operator==(const token_created&, const token_created&) = default;
};
BOOST_DESCRIBE_STRUCT(token_created, (), (token, at))

struct token_issued {
  static constexpr std::string_view summary = "Event: somebody made an API token for a user.";
  token_info token;
  std::string who;
  caf::timestamp at;
  friend bool operator==(const token_issued&, const token_issued&) = default;
};
BOOST_DESCRIBE_STRUCT(token_issued, (), (token, who, at))

struct token_revoked {
  static constexpr std::string_view summary = "Event: an API token is worth nothing any more.";
  std::string token_id;
  std::string who;
  caf::timestamp at;
  friend bool operator==(const token_revoked&, const token_revoked&) = default;
};
BOOST_DESCRIBE_STRUCT(token_revoked, (), (token_id, who, at))

struct tenant_created {
  static constexpr std::string_view summary = "Event: there is a new tenant.";
  std::string tenant;
  std::string who;
  caf::timestamp at;
  friend bool operator==(const tenant_created&, const tenant_created&) = default;
};
BOOST_DESCRIBE_STRUCT(tenant_created, (), (tenant, who, at))

struct member_added {
  static constexpr std::string_view summary = "Event: a user is a member of a tenant.";
  std::string tenant;
  std::string user;
  backendim::role role = backendim::role::viewer;
  std::string who;
  caf::timestamp at;
  friend bool operator==(const member_added&, const member_added&) = default;
};
BOOST_DESCRIBE_STRUCT(member_added, (), (tenant, user, role, who, at))

struct member_changed {
  static constexpr std::string_view summary = "Event: a member has another role.";
  std::string tenant;
  std::string user;
  backendim::role role = backendim::role::viewer;
  std::string who;
  caf::timestamp at;
  friend bool operator==(const member_changed&, const member_changed&) = default;
};
BOOST_DESCRIBE_STRUCT(member_changed, (), (tenant, user, role, who, at))

struct member_removed {
  static constexpr std::string_view summary
    = "Event: a user is no member any more; its tokens are worth nothing.";
  std::string tenant;
  std::string user;
  std::string who;
  caf::timestamp at;
  friend bool operator==(const member_removed&, const member_removed&) = default;
};
BOOST_DESCRIBE_STRUCT(member_removed, (), (tenant, user, who, at))

/// Tenants, their members and the tokens of these, at accounts. Fails with invalid_request,
/// forbidden, not_found, conflict.
using accounts_actor = caf::typed_actor<
  caf::replies_to<create_token>::with<token_info>, caf::replies_to<get_token>::with<token_info>,
  caf::replies_to<get_changes>::with<stream_position>, caf::replies_to<get_access>::with<principal>,
  caf::replies_to<get_tenants>::with<tenant_list>,
  caf::replies_to<create_tenant>::with<tenant_entry>,
  caf::replies_to<add_member>::with<member_info>, caf::replies_to<change_member>::with<member_list>,
  caf::replies_to<list_members>::with<member_list>, caf::replies_to<get_tokens>::with<token_list>,
  caf::replies_to<revoke_token>::with<token_list>,
  caf::replies_to<keep_own_token>::with<token_info>>;

} // namespace backendim
