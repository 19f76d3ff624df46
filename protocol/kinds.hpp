#pragma once

#include "protocol/access.hpp"
#include "protocol/journal.hpp"

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

/// What lives at one kind of path.
struct actor_kind {
  std::string_view name;
  std::string_view state_query; ///< The message whose reply is the actor's state; "": none.
  /// Which part of the path behind the kind names the tenant; -1: the state says it.
  int tenant_part = -1;
  bool tenant_owned = false; ///< Else only who may operate may speak to it.
  std::vector<message_kind> messages;

  const message_kind* find(std::string_view message) const;
};

/// Every kind of actor that has a path.
const std::vector<actor_kind>& actor_kinds();

/// The kind of the actor at *path*: the first part of it names it. Null: no such kind.
const actor_kind* kind_of(std::string_view path);

/// Whether *who* may send a message that needs *needs* to *path*. A path of another tenant looks
/// to the caller as if it did not exist: not_found. Fails with forbidden otherwise. Paths whose
/// tenant is in their state (deployment/<id>) pass here and are checked against the reply.
caf::error authorize(const principal& who, std::string_view path, const actor_kind& kind,
                     permission needs);

} // namespace backendim
