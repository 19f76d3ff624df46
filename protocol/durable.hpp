#pragma once

#include "protocol/access.hpp"

#include <cstdint>

namespace backendim {

struct get_changes {
  static constexpr std::string_view summary
    = "Waits until an entity has an event after a version, or for a while.";
  static constexpr permission needs = permission::read;
  static constexpr field_doc docs[] = {{"after", "The last version the caller has seen; 0: none."}};
  uint64_t after = 0;
  friend bool operator==(const get_changes&, const get_changes&) = default;
};
BOOST_DESCRIBE_STRUCT(get_changes, (), (after))

struct stream_position {
  static constexpr std::string_view summary = "The version an entity is at.";
  static constexpr field_doc docs[]
    = {{"ended", "No further event will come: the entity is in a final state."}};
  uint64_t version = 0;
  bool ended = false;
  friend bool operator==(const stream_position&, const stream_position&) = default;
};
BOOST_DESCRIBE_STRUCT(stream_position, (), (version, ended))

} // namespace backendim
