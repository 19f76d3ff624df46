#pragma once

#include "protocol/access.hpp"

#include <caf/optional.hpp>
#include <caf/timestamp.hpp>
#include <caf/typed_actor.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace backendim {

/// What does not work and does not come back by itself soon. Append only.
enum class incident_kind : uint8_t {
  actor_down = 1,     ///< It failed more often in a row than it is restarted.
  stream_damaged,     ///< Its events cannot be read, so it cannot live.
  engine_unreachable, ///< The container engine has not answered for long.
  disk_low,           ///< Less is free than builds leave: none begins.
  machine_unseen,     ///< Nobody knows what the machine has left.
  edge_unreachable,   ///< What stands in front of the platform has not been heard of for long.
};
BOOST_DESCRIBE_ENUM(incident_kind, actor_down, stream_damaged, engine_unreachable, disk_low,
                    machine_unseen, edge_unreachable)

struct incident {
  static constexpr std::string_view summary = "Something that makes a part not work.";
  static constexpr field_doc docs[] = {
    {"path", "Of the actor, or of the folder."},
    {"since", "When it began."},
    {"last_seen", "When it was noticed last."},
    {"count", "How often it was noticed."},
    {"reason", "What was said last."},
    {"next", "What an operator can do."},
    {"resolved", "When it worked again; absent: it does not."},
  };
  incident_kind what = incident_kind::actor_down;
  std::string path;
  caf::timestamp since;
  caf::timestamp last_seen;
  uint32_t count = 0;
  std::string reason;
  std::string next;
  caf::optional<caf::timestamp> resolved;
  friend bool operator==(const incident&, const incident&) = default;
};
BOOST_DESCRIBE_STRUCT(incident, (), (what, path, since, last_seen, count, reason, next, resolved))

struct get_incidents {
  static constexpr std::string_view summary
    = "Asks what does not work, then what was resolved lately.";
  static constexpr permission needs = permission::operate;
  friend bool operator==(const get_incidents&, const get_incidents&) = default;
};
BOOST_DESCRIBE_STRUCT(get_incidents, (), ())

struct incident_list {
  static constexpr std::string_view summary = "Incidents: the open ones first, newest first.";
  std::vector<incident> items;
  friend bool operator==(const incident_list&, const incident_list&) = default;
};
BOOST_DESCRIBE_STRUCT(incident_list, (), (items))

struct report_incident {
  static constexpr std::string_view summary = "Something does not work; opens or repeats it.";
  incident_kind what = incident_kind::actor_down;
  std::string path;
  std::string reason;
  std::string next;
  friend bool operator==(const report_incident&, const report_incident&) = default;
};
BOOST_DESCRIBE_STRUCT(report_incident, (), (what, path, reason, next))

struct resolve_incident {
  static constexpr std::string_view summary = "It works; resolves the incident if there is one.";
  incident_kind what = incident_kind::actor_down;
  std::string path;
  friend bool operator==(const resolve_incident&, const resolve_incident&) = default;
};
BOOST_DESCRIBE_STRUCT(resolve_incident, (), (what, path))

// -- events ---------------------------------------------------------------------------------------

struct incident_opened {
  static constexpr std::string_view summary = "Event: something stopped working.";
  incident_kind what = incident_kind::actor_down;
  std::string path;
  std::string reason;
  std::string next;
  caf::timestamp at;
  friend bool operator==(const incident_opened&, const incident_opened&) = default;
};
BOOST_DESCRIBE_STRUCT(incident_opened, (), (what, path, reason, next, at))

struct incident_repeated {
  static constexpr std::string_view summary = "Event: it still does not work.";
  incident_kind what = incident_kind::actor_down;
  std::string path;
  std::string reason;
  uint32_t count = 0;
  caf::timestamp at;
  friend bool operator==(const incident_repeated&, const incident_repeated&) = default;
};
BOOST_DESCRIBE_STRUCT(incident_repeated, (), (what, path, reason, count, at))

struct incident_resolved {
  static constexpr std::string_view summary = "Event: it works again.";
  incident_kind what = incident_kind::actor_down;
  std::string path;
  caf::timestamp at;
  friend bool operator==(const incident_resolved&, const incident_resolved&) = default;
};
BOOST_DESCRIBE_STRUCT(incident_resolved, (), (what, path, at))

/// What does not work, at incidents. It answers even while the journal does not.
using incidents_actor
  = caf::typed_actor<caf::replies_to<get_incidents>::with<incident_list>,
                     caf::reacts_to<report_incident>, caf::reacts_to<resolve_incident>>;

} // namespace backendim
