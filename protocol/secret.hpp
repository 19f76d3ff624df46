#pragma once

#include "protocol/access.hpp"
#include "protocol/journal.hpp"

#include <caf/timestamp.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace backendim {

/// One version of a secret. What is sealed opens only in the vault, for its app and name.
struct sealed_secret {
  static constexpr std::string_view summary = "One version of a secret, sealed.";
  static constexpr field_doc docs[] = {{"sealed", "Empty where nobody has to open it."}};
  std::string name;
  uint32_t version = 0;
  std::string sealed;
  friend bool operator==(const sealed_secret&, const sealed_secret&) = default;
};
BOOST_DESCRIBE_STRUCT(sealed_secret, (), (name, version, sealed))

struct sealed_secrets {
  static constexpr std::string_view summary = "Secrets of one app, sealed.";
  std::string tenant;
  std::string app;
  std::vector<sealed_secret> items;
  friend bool operator==(const sealed_secrets&, const sealed_secrets&) = default;
};
BOOST_DESCRIBE_STRUCT(sealed_secrets, (), (tenant, app, items))

struct new_secret {
  static constexpr std::string_view summary = "A value that a secret is to have.";
  std::string name;
  std::string sealed;
  friend bool operator==(const new_secret&, const new_secret&) = default;
};
BOOST_DESCRIBE_STRUCT(new_secret, (), (name, sealed))

/// Internal: the door that took the values has sealed them.
struct change_secrets {
  static constexpr std::string_view summary = "Gives secrets of an app new versions, or ends them.";
  static constexpr field_doc docs[] = {
    {"set", "New versions; makes what is not there."},
    {"renew", "New versions of what has to be there already."},
    {"fingerprint", "Keyed, of the request's content: the same request id with other content "
                    "clashes, and nobody can try values on it."},
  };
  std::vector<new_secret> set;
  std::vector<new_secret> renew;
  std::vector<std::string> unset;
  std::string fingerprint;
  request_meta meta;
  friend bool operator==(const change_secrets&, const change_secrets&) = default;
};
BOOST_DESCRIBE_STRUCT(change_secrets, (), (set, renew, unset, fingerprint, meta))

struct secret_info {
  static constexpr std::string_view summary = "A secret of an app, without its value.";
  static constexpr field_doc docs[] = {
    {"version", "Counts from 1; the next deployment uses it."},
    {"live", "The version that the live release uses; 0: none."},
    {"who", "Who set this version."},
  };
  std::string name;
  uint32_t version = 0;
  uint32_t live = 0;
  std::string who;
  caf::timestamp at;
  friend bool operator==(const secret_info&, const secret_info&) = default;
};
BOOST_DESCRIBE_STRUCT(secret_info, (), (name, version, live, who, at))

struct secret_list {
  static constexpr std::string_view summary = "The secrets of an app, without their values.";
  std::vector<secret_info> items;
  friend bool operator==(const secret_list&, const secret_list&) = default;
};
BOOST_DESCRIBE_STRUCT(secret_list, (), (items))

struct get_secrets {
  static constexpr std::string_view summary = "Asks which secrets an app has.";
  static constexpr permission needs = permission::read;
  friend bool operator==(const get_secrets&, const get_secrets&) = default;
};
BOOST_DESCRIBE_STRUCT(get_secrets, (), ())

struct get_sealed_secrets {
  static constexpr std::string_view summary
    = "Asks for every version of a secret that an app still knows, sealed.";
  friend bool operator==(const get_sealed_secrets&, const get_sealed_secrets&) = default;
};
BOOST_DESCRIBE_STRUCT(get_sealed_secrets, (), ())

struct replaced_seal {
  static constexpr std::string_view summary = "The same value under another master key.";
  std::string was;
  std::string sealed;
  friend bool operator==(const replaced_seal&, const replaced_seal&) = default;
};
BOOST_DESCRIBE_STRUCT(replaced_seal, (), (was, sealed))

struct replace_seals {
  static constexpr std::string_view summary
    = "The master key was rotated: puts newly sealed texts in place of older ones.";
  std::vector<replaced_seal> items;
  request_meta meta;
  friend bool operator==(const replace_seals&, const replace_seals&) = default;
};
BOOST_DESCRIBE_STRUCT(replace_seals, (), (items, meta))

// -- events of the app ----------------------------------------------------------------------------

struct secrets_changed {
  static constexpr std::string_view summary = "Event: secrets have new versions, or ended.";
  std::vector<sealed_secret> set;
  std::vector<std::string> unset;
  std::string request_id;
  std::string fingerprint;
  std::string who;
  caf::timestamp at;
  friend bool operator==(const secrets_changed&, const secrets_changed&) = default;
};
BOOST_DESCRIBE_STRUCT(secrets_changed, (), (set, unset, request_id, fingerprint, who, at))

struct seals_replaced {
  static constexpr std::string_view summary = "Event: secrets are sealed under another master key.";
  std::vector<replaced_seal> items;
  friend bool operator==(const seals_replaced&, const seals_replaced&) = default;
};
BOOST_DESCRIBE_STRUCT(seals_replaced, (), (items))

} // namespace backendim
