#pragma once

#include "protocol/described.hpp"

#include <cstdint>
#include <string>

namespace backendim {

struct journal_damage {
  static constexpr std::string_view summary
    = "A place in the journal where something is not as it was written.";
  static constexpr field_doc docs[] = {
    {"stream", "Empty: it cannot be told whose it was."},
    {"version", "0: not one record of the stream."},
    {"position", "0: not known."},
    {"how", "What is wrong, in a few words."},
  };
  std::string stream;
  uint64_t version = 0;
  uint64_t position = 0;
  std::string how;
  friend bool operator==(const journal_damage&, const journal_damage&) = default;
};
BOOST_DESCRIBE_STRUCT(journal_damage, (), (stream, version, position, how))

struct journal_report {
  static constexpr std::string_view summary = "What a look at every record of the journal found.";
  static constexpr field_doc docs[] = {
    {"position", "Of the last event there was when the look began."},
    {"damages", "How many places are not as they were written."},
  };
  uint64_t streams = 0;
  uint64_t events = 0;
  uint64_t position = 0;
  uint64_t damages = 0;
  friend bool operator==(const journal_report&, const journal_report&) = default;
};
BOOST_DESCRIBE_STRUCT(journal_report, (), (streams, events, position, damages))

} // namespace backendim
