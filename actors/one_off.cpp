#include "actors/one_off.hpp"

#include "protocol/paths.hpp"

#include <algorithm>
#include <utility>

namespace backendim {

namespace {

using events = std::vector<one_off_event>;

bool may_still_end_by_itself(const one_off_data& s) {
  return s.info.state == one_off_state::starting || s.info.state == one_off_state::running;
}

caf::error unknown() {
  return caf::make_error(ec::not_found, "there is no such one-off task");
}

} // namespace

std::string stream_of(const one_off_data& s) {
  return task_path(s.info.tenant, s.info.id).text;
}

caf::expected<events> decide(const one_off_data& s, const create_one_off& x, const moment& m) {
  if (!s.info.id.empty())
    return events{}; // the app repeats itself after a restart
  return events{one_off_created{x.id, x.what, x.command, x.limit, x.meta.who, m.now}};
}

caf::expected<events> decide(const one_off_data& s, const begin_one_off&, const moment& m) {
  if (s.info.id.empty() || s.info.state != one_off_state::starting)
    return events{};
  return events{one_off_began{m.now}};
}

caf::expected<events> decide(const one_off_data& s, const cancel_one_off&, const moment& m) {
  if (s.info.id.empty())
    return unknown();
  if (s.info.state == one_off_state::stopping || s.info.state == one_off_state::cancelled)
    return events{};
  if (is_final(s.info.state))
    return caf::make_error(ec::conflict, "the one-off task " + s.info.id + " has already ended");
  return events{one_off_stopping{one_off_state::cancelled, m.now}};
}

caf::expected<events> decide(const one_off_data& s, const expire_one_off&, const moment& m) {
  if (s.info.id.empty() || !may_still_end_by_itself(s))
    return events{};
  return events{one_off_stopping{one_off_state::timed_out, m.now}};
}

caf::expected<events> decide(const one_off_data& s, const end_one_off& x, const moment& m) {
  const bool expected
    = x.stopped ? s.info.state == one_off_state::stopping : may_still_end_by_itself(s);
  if (s.info.id.empty() || !expected)
    return events{}; // a late answer of what is not under way any more
  const auto state = x.stopped ? s.stopped_by.value_or(one_off_state::cancelled)
                     : x.error ? one_off_state::failed
                               : one_off_state::exited;
  return events{one_off_ended{state, x.exit_code, x.out_of_memory, x.error, m.now}};
}

void apply(one_off_data& s, const one_off_created& x) {
  s.what = x.what;
  s.info.id = x.id;
  s.info.tenant = x.what.tenant;
  s.info.app = x.what.app;
  s.info.release = x.what.release;
  s.info.command = x.command;
  s.info.limit = x.limit;
  s.info.who = x.who;
  s.info.created = x.at;
}

void apply(one_off_data& s, const one_off_began&) {
  s.info.state = one_off_state::running;
}

void apply(one_off_data& s, const one_off_stopping& x) {
  s.info.state = one_off_state::stopping;
  s.stopped_by = x.why;
}

void apply(one_off_data& s, const one_off_ended& x) {
  s.info.state = x.state;
  s.info.exit_code = x.exit_code;
  s.info.out_of_memory = x.out_of_memory;
  s.info.error = x.error;
  s.info.ended = x.at;
}

caf::expected<one_off_info> answer(const one_off_data& s, const get_one_off&) {
  if (s.info.id.empty())
    return unknown();
  return s.info;
}

bool has_ended(const one_off_data& s) {
  return is_final(s.info.state);
}

std::chrono::milliseconds time_left(const one_off_data& s, caf::timestamp now) {
  using std::chrono::milliseconds;
  const auto left = s.info.created + s.info.limit - now;
  return std::max(std::chrono::ceil<milliseconds>(left), milliseconds{0});
}

} // namespace backendim

BACKENDIM_KEPT_EVENTS(, backendim::one_off_event);
