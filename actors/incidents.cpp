#include "actors/incidents.hpp"

#include "protocol/event_codec.hpp"
#include "protocol/types.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <concepts>
#include <functional>

namespace backendim {

using namespace std::chrono_literals;

namespace {

constexpr auto stream = "incidents";
constexpr auto journal_deadline = 10s;
constexpr auto save_retry = 5s;
constexpr auto repeat_interval = 10min;
constexpr uint32_t page = 500;
constexpr size_t max_unsaved = 10'000; // with a journal that is away for very long

} // namespace

std::optional<incident_event> decide(const incident_state& s, const report_incident& x,
                                     caf::timestamp now) {
  const auto found = s.open.find({x.what, x.path});
  if (found == s.open.end())
    return incident_opened{x.what, x.path, x.reason, x.next, now};
  return incident_repeated{x.what, x.path, x.reason, found->second.count + 1, now};
}

std::optional<incident_event> decide(const incident_state& s, const resolve_incident& x,
                                     caf::timestamp now) {
  if (!s.open.contains({x.what, x.path}))
    return std::nullopt;
  return incident_resolved{x.what, x.path, now};
}

void apply(incident_state& s, const incident_opened& x) {
  // One that is open is not opened again: it was written twice, because an answer was lost.
  s.open.try_emplace({x.what, x.path},
                     incident{x.what, x.path, x.at, x.at, 1, x.reason, x.next, caf::none});
}

void apply(incident_state& s, const incident_repeated& x) {
  const auto found = s.open.find({x.what, x.path});
  if (found == s.open.end())
    return;
  found->second.last_seen = x.at;
  found->second.count = x.count;
  found->second.reason = x.reason;
}

void apply(incident_state& s, const incident_resolved& x) {
  const auto found = s.open.find({x.what, x.path});
  if (found == s.open.end() || found->second.since > x.at)
    return; // the stream may be read after a later one was opened
  found->second.resolved = x.at;
  s.resolved.push_back(std::move(found->second));
  s.open.erase(found);
  if (s.resolved.size() > kept_incidents)
    s.resolved.pop_front();
}

incident_list answer(const incident_state& s) {
  incident_list result;
  for (const auto& x : s.open)
    result.items.push_back(x.second);
  std::ranges::stable_sort(result.items, std::greater{}, &incident::since);
  result.items.insert(result.items.end(), s.resolved.rbegin(), s.resolved.rend());
  return result;
}

incidents_state::interface::behavior_type
incidents_state::make_behavior(incidents_context context) {
  context_ = std::move(context);
  save();
  return {
    [this](const get_incidents&) -> caf::result<incident_list> { return answer(state_); },
    [this](const report_incident& x) {
      if (const auto event = decide(state_, x, caf::make_timestamp()))
        note(*event);
    },
    [this](const resolve_incident& x) {
      if (const auto event = decide(state_, x, caf::make_timestamp()))
        note(*event);
    },
    [this](save_tick) {
      ticking_ = false;
      save();
    },
  };
}

void incidents_state::note(const incident_event& x) {
  std::visit([this](const auto& event) { apply(state_, event); }, x);
  context_.open->store(static_cast<uint32_t>(state_.open.size()));
  if (!is_news(x))
    return;
  std::visit(
    [](const auto& event) {
      const auto what = boost::describe::enum_to_string(event.what, "?");
      if constexpr (requires { event.next; })
        spdlog::error("incident opened what={} path={} why=\"{}\" next=\"{}\"", what, event.path,
                      event.reason, event.next);
      else if constexpr (requires { event.reason; })
        spdlog::error("incident goes on what={} path={} why=\"{}\"", what, event.path,
                      event.reason);
      else
        spdlog::info("incident resolved what={} path={}", what, event.path);
    },
    x);
  if (unsaved_.size() < max_unsaved)
    unsaved_.push_back(x);
  save();
}

/// Whether it is to be logged and written: of a stream of repeats one every ten minutes is.
bool incidents_state::is_news(const incident_event& x) {
  return std::visit(
    [this]<class Event>(const Event& event) {
      const auto last = told_.find({event.what, event.path});
      if (std::same_as<Event, incident_repeated> && last != told_.end()
          && event.at - last->second < repeat_interval)
        return false;
      if (std::same_as<Event, incident_resolved>)
        told_.erase(incident_state::key{event.what, event.path});
      else
        told_[{event.what, event.path}] = event.at;
      return true;
    },
    x);
}

/// Reads what is behind version_, then writes what is not written yet.
void incidents_state::save() {
  if (busy_ || ticking_)
    return;
  if (!read_) {
    busy_ = true;
    read_page();
    return;
  }
  if (unsaved_.empty())
    return;
  busy_ = true;
  append_events request{stream, version_, {}};
  for (const auto& x : unsaved_)
    request.events.push_back(encode_event(x, {}, caf::make_timestamp()));
  self_->request(context_.journal, journal_deadline, request)
    .then(
      [this, written = unsaved_.size()](const events_appended& last) {
        version_ = last.version;
        unsaved_.erase(unsaved_.begin(), unsaved_.begin() + static_cast<std::ptrdiff_t>(written));
        busy_ = false;
        save();
      },
      [this](const caf::error&) {
        read_ = false; // what became of it is read again
        later();
      });
}

void incidents_state::read_page() {
  const get_stream next_page{stream, version_ + 1, page};
  self_->request(context_.journal, journal_deadline, next_page)
    .then(
      [this](const recorded_events& found) {
        for (const auto& x : found.events) {
          version_ = x.version;
          // One that cannot be read is one line less in a history: the others count.
          if (auto event = decode_event<incident_event>(x.event))
            std::visit([this](const auto& e) { apply(state_, e); }, *event);
        }
        if (found.events.size() == page) {
          read_page();
          return;
        }
        context_.open->store(static_cast<uint32_t>(state_.open.size()));
        read_ = true;
        busy_ = false;
        save();
      },
      [this](const caf::error&) { later(); });
}

void incidents_state::later() {
  busy_ = false;
  if (!std::exchange(ticking_, true))
    self_->delayed_send(self_, save_retry, save_tick{});
}

incidents_state::interface::behavior_type
incidents(incidents_state::interface::stateful_pointer<incidents_state> self,
          incidents_context context) {
  return self->state.make_behavior(std::move(context));
}

} // namespace backendim

BACKENDIM_KEPT_EVENTS(, backendim::incident_event);
