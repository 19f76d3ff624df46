#pragma once

#include "adapters/chained/link.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

#include <cstdint>

namespace backendim::sqlite {

/// A prepared statement for one use; the next one finds it fresh.
class use {
public:
  explicit use(SQLite::Statement& x) : x_{x} {}
  ~use() {
    x_.tryReset();
    x_.clearBindings();
  }
  use(const use&) = delete;
  use& operator=(const use&) = delete;
  SQLite::Statement* operator->() { return &x_; }

private:
  SQLite::Statement& x_;
};

/// Versions and positions as SQLite counts them: from 1, signed.
int64_t to_column(uint64_t x);
uint64_t number_at(SQLite::Statement& row, int column);

/// A link of another size than ours is none that fits.
chained::link link_at(SQLite::Statement& row, int column);

/// Reads the current row of a statement that selects its columns first.
chained::stored_record record_at(SQLite::Statement& row);

/// What is asked of a journal again and again, prepared once. The tables have to be there.
struct statements {
  explicit statements(SQLite::Database& db);

  SQLite::Statement changes, head, keep_head, stream, add_stream, keep_stream, add_event, read,
    read_all, snapshot, keep_snapshot, link_of_version;
};

} // namespace backendim::sqlite
