#include "protocol/kinds.hpp"

#include "protocol/interfaces.hpp"
#include "protocol/json.hpp"
#include "protocol/role.hpp"

#include <algorithm>
#include <type_traits>
#include <utility>

namespace backendim {

namespace {

template <class T>
constexpr bool has_meta = requires(T x) {
  { x.meta } -> std::same_as<request_meta&>;
};

template <class T>
constexpr bool has_caller = requires(T x) {
  { x.caller } -> std::same_as<principal&>;
};

/// What the door adds: nobody says who he is.
template <class T>
json::object added_by_door([[maybe_unused]] const principal& who,
                           [[maybe_unused]] const request_meta& meta) {
  json::object result;
  if constexpr (has_meta<T>)
    result["meta"] = to_json(meta);
  if constexpr (has_caller<T>)
    result["caller"] = to_json(who);
  return result;
}

template <class T>
json::object public_schema() {
  auto result = json_schema<T>();
  for (const auto& added : added_by_door<T>({}, {})) {
    result["properties"].as_object().erase(added.key());
    auto& required = result["required"].as_array();
    if (auto found = std::ranges::find(required, json::value(added.key())); found != required.end())
      required.erase(found);
  }
  return result;
}

template <class T>
caf::expected<caf::message> decode_public(const json::value& body, const principal& who,
                                          const request_meta& meta) {
  auto copy = body;
  if (auto* object = copy.if_object())
    for (const auto& added : added_by_door<T>(who, meta)) {
      const std::string key{added.key()};
      if (object->contains(added.key()))
        return invalid_request({"/" + key, "nothing: the platform adds it", key, ""});
      object->insert_or_assign(added.key(), added.value());
    }
  auto result = from_json<T>(copy);
  if (!result)
    return std::move(result.error());
  return caf::make_message(std::move(*result));
}

template <class T>
caf::expected<json::value> encode(const caf::message& reply) {
  if (!reply.match_elements<T>())
    return caf::make_error(ec::internal, "an actor answered with something else than it promises");
  return to_json(reply.get_as<T>(0));
}

template <class Signature>
struct door {
  static void add(std::vector<message_kind>&) {} // reacts_to, several operands: not for doors
};

template <class Message, class Reply>
struct door<caf::typed_mpi<caf::detail::type_list<Message>, caf::output_tuple<Reply>>> {
  static void add(std::vector<message_kind>& to) {
    if constexpr (public_message<Message>)
      to.push_back({type_name<Message>, Message::summary, Message::needs, has_meta<Message>,
                    &public_schema<Message>, &json_schema<Reply>, &decode_public<Message>,
                    &encode<Reply>});
  }
};

template <class... Signatures>
std::vector<message_kind> doors_of(caf::detail::type_list<Signatures...>) {
  std::vector<message_kind> result;
  (door<Signatures>::add(result), ...);
  return result;
}

template <path_kind Kind>
actor_kind kind() {
  using interface = typename interface_at<Kind>::type;
  const auto& shape = shape_of(Kind);
  return {Kind, shape.name, shape.state_query, doors_of(typename interface::signatures{})};
}

template <size_t... Kinds>
std::vector<actor_kind> kinds_of(std::index_sequence<Kinds...>) {
  return {kind<static_cast<path_kind>(Kinds)>()...};
}

} // namespace

const message_kind* actor_kind::find(std::string_view message) const {
  auto found = std::ranges::find(messages, message, &message_kind::name);
  return found == messages.end() ? nullptr : &*found;
}

const std::vector<actor_kind>& actor_kinds() {
  static const auto kinds = kinds_of(std::make_index_sequence<path_kinds>{});
  return kinds;
}

const actor_kind* kind_of(std::string_view path) {
  auto found = std::ranges::find(actor_kinds(), path.substr(0, path.find('/')), &actor_kind::name);
  return found == actor_kinds().end() ? nullptr : &*found;
}

caf::error authorize(const principal& who, std::string_view path, permission needs) {
  const auto what = parse_path(path);
  if (who.may != permission::operate && (!what || what->tenant() != who.tenant))
    return caf::make_error(ec::not_found, std::string{path});
  if (!what)
    return what.error();
  if (who.may < needs)
    return lacks_permission(who, needs);
  return {};
}

} // namespace backendim
