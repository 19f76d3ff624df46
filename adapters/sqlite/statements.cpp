#include "adapters/sqlite/statements.hpp"

#include <algorithm>
#include <string>

namespace backendim::sqlite {

namespace {

using chained::link, chained::stored_record;

/// What record_at reads.
constexpr auto record_columns
  = "SELECT e.stream, e.version, e.position, e.type, e.body, e.meta, e.at, e.link";

} // namespace

int64_t to_column(uint64_t x) {
  return static_cast<int64_t>(std::clamp<uint64_t>(x, 1, INT64_MAX));
}

uint64_t number_at(SQLite::Statement& row, int column) {
  return static_cast<uint64_t>(row.getColumn(column).getInt64());
}

link link_at(SQLite::Statement& row, int column) {
  link result{};
  (void)chained::read_link(row.getColumn(column).getString(), result);
  return result;
}

stored_record record_at(SQLite::Statement& row) {
  stored_record x;
  x.what.stream = row.getColumn(0).getString();
  x.what.version = number_at(row, 1);
  x.what.position = number_at(row, 2);
  x.what.event.type = row.getColumn(3).getString();
  x.what.event.body = row.getColumn(4).getString();
  x.meta = row.getColumn(5).getString();
  x.what.event.at = caf::timestamp{caf::timespan{row.getColumn(6).getInt64()}};
  x.own = link_at(row, 7);
  return x;
}

statements::statements(SQLite::Database& db)
  : changes{db, "PRAGMA data_version"}, head{db, "SELECT position, streams FROM head"},
    keep_head{db, "UPDATE head SET position = ?, streams = ?"},
    stream{db, "SELECT version, link FROM streams WHERE stream = ?"},
    add_stream{db, "INSERT INTO streams (version, link, stream) VALUES (?, ?, ?)"},
    keep_stream{db, "UPDATE streams SET version = ?, link = ? WHERE stream = ?"},
    add_event{db, "INSERT INTO events (position, stream, version, type, body, meta, at, link)"
                  " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"},
    read{db, std::string{record_columns}
               + " FROM events e WHERE e.stream = ? AND e.version >= ? ORDER BY e.version"
                 " LIMIT ?"},
    read_all{db, std::string{record_columns}
                   + ", p.link FROM events e LEFT JOIN events p ON p.stream = e.stream AND"
                     " p.version = e.version - 1 WHERE e.position >= ? ORDER BY e.position"
                     " LIMIT ?"},
    snapshot{db, "SELECT s.version, s.form, s.body, s.seal, e.link FROM snapshots s LEFT JOIN"
                 " events e ON e.stream = s.stream AND e.version = s.version"
                 " WHERE s.stream = ?"},
    keep_snapshot{db, "INSERT OR REPLACE INTO snapshots (stream, version, form, body, seal)"
                      " VALUES (?, ?, ?, ?, ?)"},
    link_of_version{db, "SELECT link FROM events WHERE stream = ? AND version = ?"} {}

} // namespace backendim::sqlite
