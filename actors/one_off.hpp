#pragma once

#include "actors/durable.hpp"
#include "protocol/one_off.hpp"

#include <caf/expected.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace backendim {

/// What one one-off task remembers.
struct one_off_data {
  one_off_info info; ///< The id is empty before it was created.
  run_release what;
  std::optional<one_off_state> stopped_by; ///< Why it has to end: cancelled or timed_out.
};
BOOST_DESCRIBE_STRUCT(one_off_data, (), (info, what, stopped_by))

using one_off_event = std::variant<one_off_created, one_off_began, one_off_stopping, one_off_ended>;

caf::expected<std::vector<one_off_event>> decide(const one_off_data& s, const create_one_off& x,
                                                 const moment& m);
caf::expected<std::vector<one_off_event>> decide(const one_off_data& s, const begin_one_off& x,
                                                 const moment& m);
caf::expected<std::vector<one_off_event>> decide(const one_off_data& s, const cancel_one_off& x,
                                                 const moment& m);
caf::expected<std::vector<one_off_event>> decide(const one_off_data& s, const expire_one_off& x,
                                                 const moment& m);
caf::expected<std::vector<one_off_event>> decide(const one_off_data& s, const end_one_off& x,
                                                 const moment& m);
void apply(one_off_data& s, const one_off_created& x);
void apply(one_off_data& s, const one_off_began& x);
void apply(one_off_data& s, const one_off_stopping& x);
void apply(one_off_data& s, const one_off_ended& x);

caf::expected<one_off_info> answer(const one_off_data& s, const get_one_off& x);
template <class Command>
caf::expected<one_off_info> answer(const one_off_data& s, const Command&) {
  return answer(s, get_one_off{});
}
bool has_ended(const one_off_data& s);

/// How long it may still take, when it is *now*; zero: it has to end.
std::chrono::milliseconds time_left(const one_off_data& s, caf::timestamp now);

std::string stream_of(const one_off_data& s);

struct one_off_entity {
  using interface = one_off_actor;
  using state = one_off_data;
  using event = one_off_event;
  static constexpr const char* name = "task";
};

} // namespace backendim

BACKENDIM_KEPT_EVENTS(extern, backendim::one_off_event);
