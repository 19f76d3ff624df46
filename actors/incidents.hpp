#pragma once

#include "actors/snapshot.hpp"
#include "protocol/incident.hpp"
#include "protocol/journal.hpp"

#include <caf/expected.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <atomic>
#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace backendim {

/// What is remembered of incidents.
struct incident_state {
  using key = std::pair<incident_kind, std::string>; ///< What, and its path.
  std::map<key, incident> open;
  std::deque<incident> resolved; ///< The last kept_incidents, oldest first.
};

constexpr size_t kept_incidents = 100;

using incident_event = std::variant<incident_opened, incident_repeated, incident_resolved>;

/// The event that *x* means; none: nothing new.
std::optional<incident_event> decide(const incident_state& s, const report_incident& x,
                                     caf::timestamp now);
std::optional<incident_event> decide(const incident_state& s, const resolve_incident& x,
                                     caf::timestamp now);
void apply(incident_state& s, const incident_opened& x);
void apply(incident_state& s, const incident_repeated& x);
void apply(incident_state& s, const incident_resolved& x);
incident_list answer(const incident_state& s);

struct incidents_context {
  journal_actor journal;
  /// How many are open, for those who must not ask.
  std::shared_ptr<std::atomic<uint32_t>> open = std::make_shared<std::atomic<uint32_t>>(0);
};

/// Time to write what could not be written.
struct save_tick {};

/// Keeps incidents in memory and writes them to the stream "incidents" as soon as the journal takes
/// them: what does not work may be the journal. That is why it is no durable<>.
class incidents_state {
public:
  using interface = incidents_actor::extend<caf::reacts_to<save_tick>>;
  static constexpr const char* name = "incidents";

  explicit incidents_state(interface::pointer self) : self_{self} {}

  interface::behavior_type make_behavior(incidents_context context);

private:
  void note(const incident_event& x);
  bool is_news(const incident_event& x);
  void save();
  void read_page();
  void later();

  interface::pointer self_;
  incidents_context context_;
  incident_state state_;
  std::vector<incident_event> unsaved_;
  std::map<incident_state::key, caf::timestamp> told_; ///< When each was logged and written last.
  uint64_t version_ = 0;                               ///< Of the last event read or written.
  bool read_ = false;                                  ///< The stream, to its end.
  bool busy_ = false;                                  ///< With the journal.
  bool ticking_ = false;
};

/// Assign the handle to an incidents_actor: save_tick is its own.
incidents_state::interface::behavior_type
incidents(incidents_state::interface::stateful_pointer<incidents_state> self,
          incidents_context context);

} // namespace backendim

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(backendim::save_tick) // never leaves its actor

BACKENDIM_KEPT_EVENTS(extern, backendim::incident_event);
