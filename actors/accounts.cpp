#include "actors/accounts.hpp"

#include <utility>

namespace backendim {

caf::expected<std::vector<accounts_event>> decide(const accounts_data& s, const create_token& x,
                                                  const moment& m) {
  token_info wanted{x.owner, x.token_id, x.hash};
  if (x.token_id.empty() || x.hash.empty() || x.owner.user.empty())
    return caf::make_error(ec::invalid_request, "a token needs an owner, an id and a hash");
  if (auto found = s.tokens.find(x.token_id); found != s.tokens.end()) {
    if (found->second == wanted)
      return std::vector<accounts_event>{};
    return caf::make_error(ec::conflict, "token " + x.token_id + " exists");
  }
  return std::vector<accounts_event>{token_created{std::move(wanted), m.now}};
}

void apply(accounts_data& s, const token_created& x) {
  s.tokens.insert_or_assign(x.token.token_id, x.token);
}

caf::expected<token_info> answer(const accounts_data& s, const create_token& x) {
  return answer(s, get_token{x.token_id});
}

caf::expected<token_info> answer(const accounts_data& s, const get_token& x) {
  if (auto found = s.tokens.find(x.token_id); found != s.tokens.end())
    return found->second;
  return caf::make_error(ec::not_found, "token");
}

bool has_ended(const accounts_data&) {
  return false;
}

accounts_body::interface::behavior_type
accounts(accounts_body::interface::stateful_pointer<accounts_body> self, durable_config config,
         journal_actor journal) {
  self->state.start(config, {"accounts", std::move(journal)}, accounts_data{});
  return {
    [self](create_token& x) { return self->state.handle(std::move(x)); },
    [self](get_token& x) { return self->state.handle(std::move(x)); },
    [self](get_changes x) { return self->state.handle(x); },
    [self](durable_tick) { self->state.tick(); },
  };
}

} // namespace backendim
