#pragma once

#include "actors/durable.hpp"
#include "protocol/accounts.hpp"

#include <caf/expected.hpp>

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace backendim {

/// A tenant as its members make it.
struct known_tenant {
  std::optional<caf::timestamp> created;      ///< None: a token made it.
  std::map<std::string, member_info> members; ///< By user.
};
BOOST_DESCRIBE_STRUCT(known_tenant, (), (created, members))

/// Every tenant, and every API token there is.
struct accounts_data {
  std::map<std::string, token_info> tokens; ///< By token id.
  std::map<std::string, known_tenant> tenants;
};
BOOST_DESCRIBE_STRUCT(accounts_data, (), (tokens, tenants))

using accounts_event = std::variant<token_created, token_issued, tenant_created, member_added,
                                    member_changed, member_removed, token_revoked>;

caf::expected<std::vector<accounts_event>> decide(const accounts_data& s, const create_token& x,
                                                  const moment& m);
caf::expected<std::vector<accounts_event>> decide(const accounts_data& s, const create_tenant& x,
                                                  const moment& m);
caf::expected<std::vector<accounts_event>> decide(const accounts_data& s, const add_member& x,
                                                  const moment& m);
caf::expected<std::vector<accounts_event>> decide(const accounts_data& s, const change_member& x,
                                                  const moment& m);
caf::expected<std::vector<accounts_event>> decide(const accounts_data& s, const revoke_token& x,
                                                  const moment& m);
caf::expected<std::vector<accounts_event>> decide(const accounts_data& s, const keep_own_token& x,
                                                  const moment& m);
void apply(accounts_data& s, const token_created& x);
void apply(accounts_data& s, const token_issued& x);
void apply(accounts_data& s, const tenant_created& x);
void apply(accounts_data& s, const member_added& x);
void apply(accounts_data& s, const member_changed& x);
void apply(accounts_data& s, const member_removed& x);
void apply(accounts_data& s, const token_revoked& x);
caf::expected<token_info> answer(const accounts_data& s, const create_token& x);
caf::expected<token_info> answer(const accounts_data& s, const get_token& x);
caf::expected<principal> answer(const accounts_data& s, const get_access& x);
caf::expected<tenant_list> answer(const accounts_data& s, const get_tenants& x);
caf::expected<tenant_entry> answer(const accounts_data& s, const create_tenant& x);
caf::expected<member_info> answer(const accounts_data& s, const add_member& x);
caf::expected<member_list> answer(const accounts_data& s, const change_member& x);
caf::expected<member_list> answer(const accounts_data& s, const list_members& x);
caf::expected<token_list> answer(const accounts_data& s, const get_tokens& x);
caf::expected<token_list> answer(const accounts_data& s, const revoke_token& x);
caf::expected<token_info> answer(const accounts_data& s, const keep_own_token& x);
bool has_ended(const accounts_data& s);

struct accounts_entity {
  using interface = accounts_actor;
  using state = accounts_data;
  using event = accounts_event;
  static constexpr const char* name = "accounts";
  static constexpr uint32_t snapshot = 2;
};

using accounts_body = durable<accounts_entity>;

/// The actor at accounts, its stream.
accounts_body::interface::behavior_type
accounts(accounts_body::interface::stateful_pointer<accounts_body> self, durable_config config,
         journal_actor journal);

/// A new id for the platform's own token, which only the platform itself replaces: what it would
/// admit again at its next start cannot be taken back.
std::string own_token_id();

/// As is_name() says, but without a dash: services are <tenant>-<app>, and with dashes on both
/// sides those of two tenants could have the same name.
bool is_tenant_name(const std::string& x);

} // namespace backendim

BACKENDIM_KEPT_EVENTS(extern, backendim::accounts_event);
BACKENDIM_KEPT_STATE(extern, backendim::accounts_entity);
