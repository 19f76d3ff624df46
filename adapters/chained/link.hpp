#pragma once

#include "protocol/journal.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace backendim::chained {

/// The hash that a record is kept with: BLAKE2b-256. All zeros stand in front of a first record.
using link = std::array<unsigned char, 32>;

/// A record as a store keeps it.
struct stored_record {
  recorded_event what; ///< Without its meta.
  std::string meta;    ///< JSON of the request_meta, as it lies in the store.
  link own{};
};

/// Where a stream stands.
struct stream_head {
  uint64_t version = 0; ///< 0: there is no such stream.
  link last{};
  friend bool operator==(const stream_head&, const stream_head&) = default;
};

/// The link of *x* behind *previous*: it depends on every byte of both, and on where one part of
/// the record ends and the next begins.
link link_of(const link& previous, const recorded_event& x, std::string_view meta);

/// What a store keeps besides an event.
struct event_seal {
  std::string meta; ///< JSON of the request_meta.
  link own{};
};

/// The same of *event* behind *head*, which moves on to it, without a copy of the event.
event_seal next_seal(const std::string& stream, stream_head& head, uint64_t position,
                     const journal_event& event);

/// The record of *event* behind *head*, which moves on to it.
stored_record next_record(const std::string& stream, stream_head& head, uint64_t position,
                          const journal_event& event);

/// What a snapshot is kept with; it depends on the link of the record that it stands at.
link seal_of(const stream_snapshot& x, const link& at);

/// Lower-case hex digits.
std::string hex(std::string_view bytes);
inline std::string_view bytes_of(const link& x) {
  return {reinterpret_cast<const char*>(x.data()), x.size()};
}

/// False: *bytes* have another size.
bool read_link(std::string_view bytes, link& to);

} // namespace backendim::chained
