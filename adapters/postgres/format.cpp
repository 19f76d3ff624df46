#include "adapters/postgres/format.hpp"

#include <array>

namespace backendim::postgres {

namespace {

/// Names and texts may hold any byte, zero too: bytea, not text.
void make_tables(pqxx::work& step) {
  step.exec("CREATE TABLE events (position bigint PRIMARY KEY, stream bytea NOT NULL,"
            " version bigint NOT NULL, type bytea NOT NULL, body bytea NOT NULL,"
            " meta bytea NOT NULL, at bigint NOT NULL, link bytea NOT NULL,"
            " UNIQUE (stream, version))");
  step.exec("CREATE TABLE streams (stream bytea PRIMARY KEY, version bigint NOT NULL,"
            " link bytea NOT NULL)");
  step.exec("CREATE TABLE snapshots (stream bytea PRIMARY KEY, version bigint NOT NULL,"
            " form bytea NOT NULL, body bytea NOT NULL, seal bytea NOT NULL)");
  step.exec("CREATE TABLE head (one integer PRIMARY KEY CHECK (one = 1),"
            " position bigint NOT NULL, streams bigint NOT NULL)");
  step.exec("INSERT INTO head VALUES (1, 0, 0)");
}

/// The step at index n makes format n + 1 of format n. Released steps stay as they are.
constexpr std::array<void (*)(pqxx::work&), 1> steps{make_tables};

} // namespace

caf::error migrate(pqxx::connection& connection, const std::string& schema) {
  {
    pqxx::nontransaction ask{connection};
    if (ask.exec1("SHOW fsync")[0].as<std::string>() != "on")
      return caf::make_error(ec::conflict, "PostgreSQL runs with fsync = off: it would lose what "
                                           "it has acknowledged; set fsync = on");
  }
  for (;;) {
    pqxx::work step{connection};
    step.exec("SELECT pg_advisory_xact_lock(hashtext('" + schema + "'))");
    step.exec("CREATE SCHEMA IF NOT EXISTS " + schema);
    step.exec("CREATE TABLE IF NOT EXISTS format (version integer NOT NULL)");
    const auto rows = step.exec("SELECT version FROM format");
    const auto found = rows.empty() ? 0 : rows[0][0].as<int>();
    if (found == static_cast<int>(steps.size()))
      return {};
    if (found < 0 || found > static_cast<int>(steps.size()))
      return caf::make_error(ec::conflict,
                             "the journal in PostgreSQL has format " + std::to_string(found)
                               + "; this program knows formats up to "
                               + std::to_string(steps.size()) + ": install a newer backendimd");
    steps[static_cast<size_t>(found)](step);
    step.exec("DELETE FROM format");
    step.exec("INSERT INTO format VALUES (" + std::to_string(found + 1) + ")");
    step.commit();
  }
}

} // namespace backendim::postgres
