#include "adapters/sqlite/guarded.hpp"

#include "protocol/error.hpp"

#include <sqlite3.h>

namespace backendim::sqlite {

caf::error to_error(const SQLite::Exception& x) {
  const int code = x.getErrorCode() & 0xff; // without what extends it
  const bool damaged = code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_CONSTRAINT
                       || code == SQLITE_SCHEMA || code == SQLITE_FORMAT;
  return caf::make_error(damaged ? ec::internal : ec::unavailable, x.what());
}

} // namespace backendim::sqlite
