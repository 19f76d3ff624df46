#pragma once

#include "adapters/chained/link.hpp"
#include "protocol/journal_report.hpp"

#include <caf/error.hpp>

#include <cstdint>
#include <functional>
#include <string>

namespace backendim::chained {

using damage_sink = std::function<void(const journal_damage&)>;

/// Holds the records of one stream, taken oldest first, against each other and the stream's head.
class stream_check {
public:
  /// The next record has to have version *from*. One that is not the stream's first is believed:
  /// it is the anchor of those behind it.
  stream_check(std::string stream, stream_head head, uint64_t from, damage_sink on_damage);

  void take(const stored_record& x);

  /// The record *version* is there but cannot be read.
  void take_unreadable(uint64_t version, uint64_t position, const std::string& how);

  /// There are no more records.
  void end();

private:
  void lost_before(uint64_t version, const char* how);
  void damaged(uint64_t version, uint64_t position, std::string how);

  std::string stream_;
  stream_head head_;
  uint64_t next_; ///< The version to come.
  bool known_;    ///< Whether last_ is the link of the record before that.
  link last_{};
  damage_sink on_damage_;
};

/// The error that readers get of a damage.
caf::error error_of(const journal_damage& x);

/// What an error says besides its code.
std::string text_of(const caf::error& why);

} // namespace backendim::chained
