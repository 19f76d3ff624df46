#include "adapters/sqlite/format.hpp"

#include "adapters/chained/link.hpp"
#include "adapters/chained/stream_check.hpp"
#include "protocol/error.hpp"

#include <boost/crc.hpp>

#include <SQLiteCpp/Statement.h>
#include <SQLiteCpp/Transaction.h>

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace backendim::sqlite {

namespace {

using chained::link, chained::stream_head;

caf::error make_events(SQLite::Database& db) {
  db.exec("CREATE TABLE IF NOT EXISTS events (position INTEGER PRIMARY KEY,"
          " stream TEXT NOT NULL, version INTEGER NOT NULL, type TEXT NOT NULL,"
          " body TEXT NOT NULL, meta TEXT NOT NULL, at INTEGER NOT NULL,"
          " checksum INTEGER NOT NULL, UNIQUE (stream, version)) STRICT");
  return {};
}

/// What format 1 kept with each record.
int64_t crc_of(const recorded_event& x, std::string_view meta) {
  boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> crc; // CRC-32C
  for (std::string_view part : {std::string_view{x.stream}, std::string_view{x.event.type},
                                std::string_view{x.event.body}, meta}) {
    const auto size = std::to_string(part.size()) + ':';
    crc.process_bytes(size.data(), size.size());
    crc.process_bytes(part.data(), part.size());
  }
  const auto numbers
    = std::to_string(x.version) + ':' + std::to_string(x.event.at.time_since_epoch().count());
  crc.process_bytes(numbers.data(), numbers.size());
  return crc.checksum();
}

recorded_event record_of(SQLite::Statement& row) {
  recorded_event x;
  x.position = static_cast<uint64_t>(row.getColumn(0).getInt64());
  x.stream = row.getColumn(1).getString();
  x.version = static_cast<uint64_t>(row.getColumn(2).getInt64());
  x.event.type = row.getColumn(3).getString();
  x.event.body = row.getColumn(4).getString();
  x.event.at = caf::timestamp{caf::timespan{row.getColumn(6).getInt64()}};
  return x;
}

/// Links the records, once each has been found to be as it was written.
caf::error chain_events(SQLite::Database& db) {
  db.exec("ALTER TABLE events RENAME TO old_events");
  db.exec("CREATE TABLE events (position INTEGER PRIMARY KEY, stream TEXT NOT NULL,"
          " version INTEGER NOT NULL, type TEXT NOT NULL, body TEXT NOT NULL, meta TEXT NOT NULL,"
          " at INTEGER NOT NULL, link BLOB NOT NULL, UNIQUE (stream, version)) STRICT");
  db.exec("CREATE TABLE streams (stream TEXT PRIMARY KEY, version INTEGER NOT NULL,"
          " link BLOB NOT NULL) STRICT, WITHOUT ROWID");
  db.exec("CREATE TABLE snapshots (stream TEXT PRIMARY KEY, version INTEGER NOT NULL,"
          " form TEXT NOT NULL, body TEXT NOT NULL, seal BLOB NOT NULL) STRICT");
  db.exec("CREATE TABLE head (one INTEGER PRIMARY KEY CHECK (one = 1),"
          " position INTEGER NOT NULL, streams INTEGER NOT NULL) STRICT");
  SQLite::Statement select{
    db, "SELECT position, stream, version, type, body, meta, at, checksum FROM old_events"
        " ORDER BY position"};
  SQLite::Statement insert{db, "INSERT INTO events SELECT position, stream, version, type, body,"
                               " meta, at, ? FROM old_events WHERE position = ?"};
  std::map<std::string, stream_head> heads;
  uint64_t position = 0;
  while (select.executeStep()) {
    const auto x = record_of(select);
    const auto meta = select.getColumn(5).getString();
    auto& head = heads[x.stream];
    if (x.position != ++position)
      return chained::error_of(journal_damage{"", 0, position, "lost"});
    if (x.version != ++head.version)
      return chained::error_of(journal_damage{x.stream, head.version, 0, "lost"});
    if (crc_of(x, meta) != select.getColumn(7).getInt64())
      return chained::error_of(
        journal_damage{x.stream, x.version, position, "checksum does not match"});
    head.last = chained::link_of(head.last, x, meta);
    insert.bind(1, head.last.data(), static_cast<int>(head.last.size()));
    insert.bind(2, select.getColumn(0).getInt64());
    insert.exec();
    insert.reset();
  }
  SQLite::Statement keep{db, "INSERT INTO streams VALUES (?, ?, ?)"};
  for (const auto& [stream, head] : heads) {
    keep.bind(1, stream);
    keep.bind(2, static_cast<int64_t>(head.version));
    keep.bind(3, head.last.data(), static_cast<int>(head.last.size()));
    keep.exec();
    keep.reset();
  }
  SQLite::Statement begin{db, "INSERT INTO head VALUES (1, ?, ?)"};
  begin.bind(1, static_cast<int64_t>(position));
  begin.bind(2, static_cast<int64_t>(heads.size()));
  begin.exec();
  select.reset(); // a table that is read cannot be dropped
  db.exec("DROP TABLE old_events");
  return {};
}

/// The step at index n makes format n + 1 of format n. Released steps stay as they are.
constexpr std::array<caf::error (*)(SQLite::Database&), 2> steps{make_events, chain_events};

} // namespace

caf::error migrate(SQLite::Database& db) {
  const auto format = [&] { return db.execAndGet("PRAGMA user_version").getInt(); };
  while (format() != static_cast<int>(steps.size())) {
    SQLite::Transaction step{db, SQLite::TransactionBehavior::IMMEDIATE};
    const auto found = format(); // another program may have been faster
    if (found == static_cast<int>(steps.size()))
      break;
    if (found < 0 || found > static_cast<int>(steps.size()))
      return caf::make_error(ec::conflict, "the journal has format " + std::to_string(found)
                                             + "; this program knows formats up to "
                                             + std::to_string(steps.size())
                                             + ": install a newer backendimd");
    if (auto why = steps[static_cast<size_t>(found)](db))
      return why; // the transaction is taken back
    db.exec("PRAGMA user_version = " + std::to_string(found + 1));
    step.commit();
  }
  return {};
}

} // namespace backendim::sqlite
