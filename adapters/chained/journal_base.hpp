#pragma once

#include "adapters/chained/link.hpp"
#include "adapters/chained/stream_check.hpp"
#include "adapters/chained/tail.hpp"
#include "adapters/journal.hpp"

#include <caf/expected.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace backendim::chained {

/// What journals have in common: nothing of a store is believed before its links say so. A store
/// gives rows; its calls fail with internal when it finds itself damaged, unavailable otherwise.
class journal_base : public journal {
public:
  read_result read(const std::string& stream, uint64_t from_version, uint32_t limit) final;
  read_result read_all(uint64_t from_position, uint32_t limit) final;
  snapshot_result load_snapshot(const std::string& stream) final;
  caf::expected<journal_report> verify(const damage_sink& on_damage, std::stop_token stop) final;
  uint64_t when_longer(uint64_t position, std::function<void()> grown) final;
  void cancel(uint64_t ticket) final;

protected:
  struct stream_rows {
    stream_head head;
    std::vector<stored_record> rows;
  };
  struct placed_row {
    stored_record row;
    std::optional<link> before; ///< Of the record in front of it in its stream, if there is one.
  };
  struct journal_rows {
    journal_head head;
    std::vector<placed_row> rows;
  };
  struct sealed_snapshot {
    stream_snapshot what;
    link seal{};
    std::optional<link> at; ///< Of the record that it stands at, if there is one.
  };

  virtual caf::expected<stream_head> head_of(const std::string& stream) = 0;
  /// Head and rows as they were at one moment; the rows by version.
  virtual caf::expected<stream_rows> rows_of(const std::string& stream, uint64_t from_version,
                                             uint64_t limit)
    = 0;
  /// The same by position.
  virtual caf::expected<journal_rows> rows_from(uint64_t position, uint64_t limit) = 0;
  /// The positions that are taken, in order.
  virtual caf::expected<std::vector<uint64_t>> positions_from(uint64_t position, uint64_t limit)
    = 0;
  /// Names of streams as their records have them, whatever streams() says.
  virtual caf::expected<std::vector<std::string>> recorded_streams(const std::string& after,
                                                                   uint64_t limit)
    = 0;
  /// Where a record stands, found without reading it; 0: not to be found.
  virtual uint64_t place_of(const std::string& stream, uint64_t version) = 0;
  virtual caf::expected<std::optional<sealed_snapshot>> snapshot_of(const std::string& stream) = 0;
  /// What the store itself knows to be wrong, in its own words.
  virtual std::vector<std::string> store_trouble() = 0;

  /// Fewer streams are there than were made: what seems never to have been may be lost.
  void streams_are_missing() { streams_missing_ = true; }
  tail& waiters() { return tail_; }

private:
  class verification;

  tail tail_;
  bool streams_missing_ = false;
};

} // namespace backendim::chained
