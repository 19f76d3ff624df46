#pragma once

#include "protocol/event_codec.hpp"
#include "protocol/fingerprint.hpp"
#include "protocol/journal.hpp"
#include "protocol/json.hpp"
#include "protocol/state_codec.hpp"

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace backendim {

/// An entity whose state can be kept, so that its stream need not be replayed from the beginning:
/// the state is described, and the entity has a number for what the state means:
///   static constexpr uint32_t snapshot = 1;
/// Whoever changes what apply makes of an event takes the next number. A change of the fields is
/// noticed without it. An older snapshot is then no snapshot, and the events say all.
template <class Entity>
concept has_snapshot = described_struct<typename Entity::state> && requires {
  { Entity::snapshot } -> std::convertible_to<uint32_t>;
};

/// What the snapshots of this program are; empty when the entity has none.
template <class Entity>
const std::string& snapshot_form() {
  static const std::string form = [] {
    std::string result;
    if constexpr (has_snapshot<Entity>) {
      const auto fields = boost::json::serialize(json_codec<typename Entity::state>::schema());
      result = std::string{Entity::name} + ' ' + std::to_string(Entity::snapshot) + ' '
               + fingerprint(fields);
    }
    return result;
  }();
  return form;
}

template <has_snapshot Entity>
stream_snapshot make_snapshot(std::string stream, uint64_t version,
                              const typename Entity::state& state) {
  return {std::move(stream), version, snapshot_form<Entity>(), to_kept_text(state)};
}

/// None when *x* is not of this program's form.
template <has_snapshot Entity>
std::optional<typename Entity::state> read_snapshot(const stream_snapshot& x) {
  if (x.form != snapshot_form<Entity>())
    return std::nullopt;
  auto state = from_kept_text<typename Entity::state>(x.body);
  if (!state)
    return std::nullopt;
  return std::move(*state);
}

} // namespace backendim

// What follows says (with extern) that the form in which an entity's events and snapshots are kept
// is compiled elsewhere, or (without) that it is compiled here: the entity's own file. It would
// otherwise be compiled again for each file that has to do with the entity, and takes longer than
// all the rest.

#define BACKENDIM_KEPT_EVENTS(prefix, Event)                                                       \
  prefix template backendim::journal_event backendim::encode_event<Event>(                         \
    const Event&, backendim::request_meta, caf::timestamp);                                        \
  prefix template caf::expected<Event> backendim::decode_event<Event>(                             \
    const backendim::journal_event&)

#define BACKENDIM_KEPT_STATE(prefix, Entity)                                                       \
  prefix template const std::string& backendim::snapshot_form<Entity>();                           \
  prefix template backendim::stream_snapshot backendim::make_snapshot<Entity>(                     \
    std::string, uint64_t, const Entity::state&);                                                  \
  prefix template std::optional<Entity::state> backendim::read_snapshot<Entity>(                   \
    const backendim::stream_snapshot&)
