#pragma once

#include "protocol/access.hpp"
#include "protocol/durable.hpp"
#include "protocol/journal.hpp"

#include <caf/timestamp.hpp>
#include <caf/typed_actor.hpp>

#include <string>

namespace backendim {

struct create_token {
  static constexpr std::string_view summary = "Gives a user an API token; makes the user if new.";
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
  principal owner;
  std::string token_id;
  std::string hash;
  friend bool operator==(const token_info&, const token_info&) = default;
};
BOOST_DESCRIBE_STRUCT(token_info, (), (owner, token_id, hash))

struct token_created {
  static constexpr std::string_view summary = "Event: a user has a new API token.";
  token_info token;
  caf::timestamp at;
  friend bool operator==(const token_created&, const token_created&) = default;
};
BOOST_DESCRIBE_STRUCT(token_created, (), (token, at))

/// Users and their tokens, at accounts. Fails with not_found, conflict.
using accounts_actor = caf::typed_actor<caf::replies_to<create_token>::with<token_info>,
                                        caf::replies_to<get_token>::with<token_info>,
                                        caf::replies_to<get_changes>::with<stream_position>>;

} // namespace backendim
