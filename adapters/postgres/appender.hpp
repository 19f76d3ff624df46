#pragma once

#include "adapters/chained/known_heads.hpp"
#include "adapters/journal.hpp"

#include <pqxx/pqxx>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace backendim::postgres {

/// Writes appends into the tables. It remembers where the journal and its streams stood: as long
/// as nobody else appends, one statement writes a batch, and nothing is asked before it.
class appender {
public:
  explicit appender(std::string schema) : schema_{std::move(schema)} {}

  /// Has a new connection know the statements.
  static void prepare(pqxx::connection& x);

  /// Writes what can be appended of *batch*, one result for each; call committed() once *commit*
  /// is, before *batch* goes. None: what was remembered is not so any more and forgotten; take
  /// *commit* back and call again. Throws as libpqxx does.
  std::optional<std::vector<journal::append_result>> append(pqxx::work& commit,
                                                            std::span<const append_events> batch);
  void committed();

  /// Where the journal stands once *commit* is.
  uint64_t position() const { return after_.position; }

private:
  struct rows;
  /// A stream of the batch.
  struct moving {
    chained::stream_head before, now;
  };

  bool remembers(std::span<const append_events> batch);
  void ask(pqxx::work& commit, std::span<const append_events> batch);
  std::vector<journal::append_result> decide(std::span<const append_events> batch, rows& to);
  bool write(pqxx::work& commit, const rows& what);

  std::string schema_;
  chained::known_heads known_;
  bool alone_ = false; ///< Nobody else had appended when that was asked last.
  journal_head after_;
  std::unordered_map<std::string_view, moving> streams_; ///< Of the batch.
};

} // namespace backendim::postgres
