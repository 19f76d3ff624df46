#pragma once

#include "protocol/described.hpp"

#include <caf/optional.hpp>
#include <caf/timestamp.hpp>
#include <caf/typed_actor.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace backendim {

struct request_meta {
  static constexpr std::string_view summary = "Who asks, and how a repeated request is recognised.";
  static constexpr field_doc docs[] = {
    {"who", "The authenticated caller. The ingress sets it, whatever the client sent."},
    {"request_id", "Chosen by the caller; a second command with the same one changes nothing."},
  };
  std::string who;
  std::string request_id;
  friend bool operator==(const request_meta&, const request_meta&) = default;
};
BOOST_DESCRIBE_STRUCT(request_meta, (), (who, request_id))

struct journal_event {
  static constexpr std::string_view summary = "Something that happened, ready to be kept.";
  static constexpr field_doc docs[]
    = {{"type", "Name of the event's struct."}, {"body", "The event's struct as JSON text."}};
  std::string type;
  std::string body;
  request_meta meta;
  caf::timestamp at;
  friend bool operator==(const journal_event&, const journal_event&) = default;
};
BOOST_DESCRIBE_STRUCT(journal_event, (), (type, body, meta, at))

struct recorded_event {
  static constexpr std::string_view summary = "An event and its place in the journal.";
  static constexpr field_doc docs[] = {
    {"version", "Place in its stream; the first event has version 1."},
    {"position", "Place among all events; positions grow and leave no gap."},
  };
  std::string stream;
  uint64_t version = 0;
  uint64_t position = 0;
  journal_event event;
  friend bool operator==(const recorded_event&, const recorded_event&) = default;
};
BOOST_DESCRIBE_STRUCT(recorded_event, (), (stream, version, position, event))

struct append_events {
  static constexpr std::string_view summary = "Adds events to the end of a stream, all or none.";
  static constexpr field_doc docs[] = {
    {"expected_version", "Version of the stream's last event as the caller knows it; 0: empty."}};
  std::string stream;
  uint64_t expected_version = 0;
  std::vector<journal_event> events;
  friend bool operator==(const append_events&, const append_events&) = default;
};
BOOST_DESCRIBE_STRUCT(append_events, (), (stream, expected_version, events))

struct events_appended {
  static constexpr std::string_view summary = "The events are on disk.";
  static constexpr field_doc docs[] = {{"version", "Version of the last event appended."},
                                       {"position", "Position of the last event appended."}};
  uint64_t version = 0;
  uint64_t position = 0;
  friend bool operator==(const events_appended&, const events_appended&) = default;
};
BOOST_DESCRIBE_STRUCT(events_appended, (), (version, position))

struct get_stream {
  static constexpr std::string_view summary = "Asks for the events of one stream, oldest first.";
  std::string stream;
  uint64_t from_version = 1;
  uint32_t limit = 500;
  friend bool operator==(const get_stream&, const get_stream&) = default;
};
BOOST_DESCRIBE_STRUCT(get_stream, (), (stream, from_version, limit))

struct get_all_events {
  static constexpr std::string_view summary = "Asks for the events of every stream, oldest first.";
  uint64_t from_position = 1;
  uint32_t limit = 500;
  friend bool operator==(const get_all_events&, const get_all_events&) = default;
};
BOOST_DESCRIBE_STRUCT(get_all_events, (), (from_position, limit))

struct get_streams {
  static constexpr std::string_view summary = "Asks for the names of streams, in order.";
  static constexpr field_doc docs[] = {
    {"prefix", "Only streams whose names begin so."},
    {"after", "Only streams behind this one."},
  };
  std::string prefix;
  std::string after;
  uint32_t limit = 500;
  friend bool operator==(const get_streams&, const get_streams&) = default;
};
BOOST_DESCRIBE_STRUCT(get_streams, (), (prefix, after, limit))

struct stream_names {
  static constexpr std::string_view summary = "Names of streams; fewer than the limit: no more.";
  std::vector<std::string> names;
  friend bool operator==(const stream_names&, const stream_names&) = default;
};
BOOST_DESCRIBE_STRUCT(stream_names, (), (names))

struct recorded_events {
  static constexpr std::string_view summary = "Events in order; fewer than the limit: no more yet.";
  std::vector<recorded_event> events;
  friend bool operator==(const recorded_events&, const recorded_events&) = default;
};
BOOST_DESCRIBE_STRUCT(recorded_events, (), (events))

struct get_tail {
  static constexpr std::string_view summary
    = "Waits until there are events from a position on, or for a while; then gives what there is.";
  static constexpr field_doc docs[] = {{"from_position", "The first position not seen yet."}};
  uint64_t from_position = 1;
  uint32_t limit = 500;
  friend bool operator==(const get_tail&, const get_tail&) = default;
};
BOOST_DESCRIBE_STRUCT(get_tail, (), (from_position, limit))

struct stream_snapshot {
  static constexpr std::string_view summary
    = "What an entity remembers at a version of its stream: it spares the replay up to there.";
  static constexpr field_doc docs[] = {
    {"form", "What body is; who does not know it replays the stream."},
    {"body", "The entity's state as JSON text."},
  };
  std::string stream;
  uint64_t version = 0;
  std::string form;
  std::string body;
  friend bool operator==(const stream_snapshot&, const stream_snapshot&) = default;
};
BOOST_DESCRIBE_STRUCT(stream_snapshot, (), (stream, version, form, body))

struct save_snapshot {
  static constexpr std::string_view summary
    = "Keeps a snapshot in place of the stream's older one.";
  stream_snapshot what;
  friend bool operator==(const save_snapshot&, const save_snapshot&) = default;
};
BOOST_DESCRIBE_STRUCT(save_snapshot, (), (what))

struct recover_stream {
  static constexpr std::string_view summary
    = "Asks for all that brings an entity back: its snapshot and the events behind it.";
  static constexpr field_doc docs[]
    = {{"form", "The snapshot that the caller understands; empty: none."}};
  std::string stream;
  std::string form;
  uint32_t limit = 500;
  friend bool operator==(const recover_stream&, const recover_stream&) = default;
};
BOOST_DESCRIBE_STRUCT(recover_stream, (), (stream, form, limit))

struct stream_recovered {
  static constexpr std::string_view summary = "A stream's snapshot and the events behind it.";
  static constexpr field_doc docs[] = {
    {"snapshot", "Absent: there is none of this form; the events begin with the first."},
    {"events", "In order; fewer than the limit: no more."},
  };
  caf::optional<stream_snapshot> snapshot;
  std::vector<recorded_event> events;
  friend bool operator==(const stream_recovered&, const stream_recovered&) = default;
};
BOOST_DESCRIBE_STRUCT(stream_recovered, (), (snapshot, events))

/// Keeps every event. Appending fails with conflict when the stream's version is another one,
/// everything with unavailable, and reading with internal when a record is damaged. A snapshot may
/// get lost: whoever sends one does not count on it.
using journal_actor = caf::typed_actor<caf::replies_to<append_events>::with<events_appended>,
                                       caf::replies_to<get_stream>::with<recorded_events>,
                                       caf::replies_to<get_all_events>::with<recorded_events>,
                                       caf::replies_to<get_streams>::with<stream_names>,
                                       caf::replies_to<get_tail>::with<recorded_events>,
                                       caf::replies_to<recover_stream>::with<stream_recovered>,
                                       caf::reacts_to<save_snapshot>>;

} // namespace backendim
