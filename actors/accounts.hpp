#pragma once

#include "actors/durable.hpp"
#include "protocol/accounts.hpp"

#include <caf/expected.hpp>

#include <map>
#include <string>
#include <variant>
#include <vector>

namespace backendim {

/// Every API token there is.
struct accounts_data {
  std::map<std::string, token_info> tokens; ///< By token id.
};

using accounts_event = std::variant<token_created>;

caf::expected<std::vector<accounts_event>> decide(const accounts_data& s, const create_token& x,
                                                  const moment& m);
void apply(accounts_data& s, const token_created& x);
caf::expected<token_info> answer(const accounts_data& s, const create_token& x);
caf::expected<token_info> answer(const accounts_data& s, const get_token& x);
bool has_ended(const accounts_data& s);

struct accounts_entity {
  using interface = accounts_actor;
  using state = accounts_data;
  using event = accounts_event;
  static constexpr const char* name = "accounts";
};

using accounts_body = durable<accounts_entity>;

/// The actor at accounts, its stream.
accounts_body::interface::behavior_type
accounts(accounts_body::interface::stateful_pointer<accounts_body> self, durable_config config,
         journal_actor journal);

} // namespace backendim
