#pragma once

#include "protocol/access.hpp"
#include "protocol/journal.hpp"
#include "protocol/paths.hpp"

#include <boost/json.hpp>
#include <caf/expected.hpp>
#include <caf/message.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace backendim {

/// A public message as a door sees it: derived from the typed interface it stands in.
struct message_kind {
  std::string_view name;
  std::string_view summary;
  permission needs = permission::operate;
  bool command = false; ///< Changes something: it carries a request_meta.
  /// The public form, without the request_meta and the caller, which the door adds.
  boost::json::object (*schema)() = nullptr;
  boost::json::object (*reply_schema)() = nullptr;
  /// Fails with invalid_request and a decode_error. Who asks and the meta become the message's own.
  caf::expected<caf::message> (*decode)(const boost::json::value& body, const principal& who,
                                        const request_meta& meta)
    = nullptr;
  /// Fails with internal when *reply* is not what the interface promises.
  caf::expected<boost::json::value> (*encode_reply)(const caf::message& reply) = nullptr;
};

/// What lives at one kind of path: its interface, as doors see it.
struct actor_kind {
  path_kind kind = path_kind::tenant;
  std::string_view name;
  std::string_view state_query; ///< The message whose reply is the actor's state; "": none.
  std::vector<message_kind> messages;

  const message_kind* find(std::string_view message) const;
};

/// Every kind of actor that has a path, in the order of path_kind.
const std::vector<actor_kind>& actor_kinds();

/// The kind of the actor at *path*: the first part of it names it. Null: no such kind.
const actor_kind* kind_of(std::string_view path);

/// Whether *who* may send a message that needs *needs* to *path*, decided by the path alone. One
/// that is not of the caller's tenant looks as if it did not exist: not_found. Fails with forbidden
/// otherwise, invalid_request for what is no path.
caf::error authorize(const principal& who, std::string_view path, permission needs);

} // namespace backendim
