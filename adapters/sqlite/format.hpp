#pragma once

#include <caf/error.hpp>

#include <SQLiteCpp/Database.h>

namespace backendim::sqlite {

/// Makes the tables, or brings those of an older program up to date: a step for each format, each
/// one transaction, so that a program which dies in between goes on where it was. Fails with
/// conflict when a newer program wrote the file, with internal, naming the stream, when what is to
/// be carried over is damaged.
caf::error migrate(SQLite::Database& db);

} // namespace backendim::sqlite
