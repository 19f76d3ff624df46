#include "tests/bench/append.hpp"

#include "actors/journal_writer.hpp"
#include "adapters/postgres/journal.hpp"
#include "adapters/sqlite/journal.hpp"
#include "protocol/error.hpp"
#include "protocol/types.hpp"

#include <caf/all.hpp>

#include <SQLiteCpp/SQLiteCpp.h>
#include <pqxx/pqxx>

#include <chrono>
#include <filesystem>
#include <iostream>
#include <stdexcept>
#include <string>

namespace backendim::bench {

namespace {

using clock = std::chrono::steady_clock;

constexpr int streams = 1024; // each has one append under way, as a durable actor has
constexpr int batch = 256;    // what the writer puts into one commit
constexpr int rounds_of_each = 100;
constexpr int events = streams * rounds_of_each;

const std::string body
  = R"({"id":"01M86MJFZ9EKWWGN5E4GVBEAVT","release":1,"source":{"blob":"sha256:00000000000000)"
    R"(00000000000000000000000000000000000000000000000000"},"config":{},"request_id":"bench-1",)"
    R"("fingerprint":"","who":"admin","queued":false})";
const std::string meta = R"({"who":"admin","request_id":"bench-1"})";

std::string stream_name(int i) {
  return "app/main/bench-" + std::to_string(i);
}

double per_second(clock::time_point began) {
  return events / std::chrono::duration<double>(clock::now() - began).count();
}

/// One stream's owner: appends, waits for the answer, appends again.
caf::behavior owner(caf::event_based_actor* self, journal_actor journal, std::string stream,
                    uint64_t version, int left) {
  self->set_default_handler(caf::drop);
  const journal_event event{
    "deployment_accepted", body, {"admin", "bench-1"}, caf::make_timestamp()};
  self->request(journal, std::chrono::seconds{60}, append_events{stream, version, {event}})
    .then(
      [=](const events_appended& x) {
        if (left > 1)
          self->become(owner(self, journal, stream, x.version, left - 1));
        else
          self->quit();
      },
      [=](const caf::error& why) {
        std::cerr << render(to_domain_error(why)) << "\n";
        std::_Exit(1);
      });
  return {[](caf::unit_t) {}};
}

struct system_config : caf::actor_system_config {
  system_config() {
    set("scheduler.max-threads", size_t{1}); // the writer has a thread of its own
  }
};

double run_writer(std::shared_ptr<journal> store) {
  system_config settings;
  caf::actor_system system{settings};
  const journal_actor writer
    = system.spawn<caf::detached>(journal_writer, journal_writer_config{}, std::move(store));
  const auto began = clock::now();
  {
    caf::scoped_actor self{system};
    std::vector<caf::actor> owners;
    for (int i = 0; i < streams; ++i)
      owners.push_back(system.spawn(owner, writer, stream_name(i), uint64_t{0}, rounds_of_each));
    self->wait_for(owners);
  }
  const auto result = per_second(began);
  caf::anon_send_exit(writer, caf::exit_reason::user_shutdown);
  return result;
}

template <class T>
T take(caf::expected<T> x) {
  if (!x)
    throw std::runtime_error{render(x.error())};
  return std::move(*x);
}

} // namespace

double append_to_sqlite(const std::filesystem::path& folder) {
  return run_writer(take(sqlite::open_journal((folder / "journal.db").string())));
}

double append_to_postgres(const std::string& connection) {
  const postgres::journal_place place{connection, "bench"};
  if (const auto removed = postgres::remove_journal(place); !removed)
    throw std::runtime_error{render(removed.error())};
  return run_writer(take(postgres::open_journal(place)));
}

/// The least that keeps the same events: one table, one insert for each, the same commits.
double insert_into_sqlite(const std::filesystem::path& folder) {
  SQLite::Database db{(folder / "raw.db").string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
  db.exec("PRAGMA journal_mode = WAL");
  db.exec("PRAGMA synchronous = FULL");
  db.exec("CREATE TABLE events (position INTEGER PRIMARY KEY, stream TEXT NOT NULL,"
          " version INTEGER NOT NULL, type TEXT NOT NULL, body TEXT NOT NULL, meta TEXT NOT NULL,"
          " at INTEGER NOT NULL, UNIQUE (stream, version)) STRICT");
  SQLite::Statement insert{
    db, "INSERT INTO events (stream, version, type, body, meta, at) VALUES (?, ?, ?, ?, ?, ?)"};
  const auto began = clock::now();
  for (int i = 0; i < events; i += batch) {
    SQLite::Transaction commit{db};
    for (int n = i; n < i + batch; ++n) {
      insert.bind(1, stream_name(n % streams));
      insert.bind(2, n / streams + 1);
      insert.bindNoCopy(3, "deployment_accepted");
      insert.bindNoCopy(4, body);
      insert.bindNoCopy(5, meta);
      insert.bind(6, int64_t{n});
      insert.exec();
      insert.reset();
    }
    commit.commit();
  }
  return per_second(began);
}

/// The same in PostgreSQL: one statement with many rows for each commit.
double insert_into_postgres(const std::string& connection) {
  pqxx::connection server{connection};
  {
    pqxx::work make{server};
    make.exec("SET client_min_messages = warning");
    make.exec("DROP TABLE IF EXISTS bench_raw");
    make.exec("CREATE TABLE bench_raw (position bigserial PRIMARY KEY, stream text NOT NULL,"
              " version bigint NOT NULL, type text NOT NULL, body text NOT NULL,"
              " meta text NOT NULL, at bigint NOT NULL, UNIQUE (stream, version))");
    make.commit();
  }
  const auto began = clock::now();
  for (int i = 0; i < events; i += batch) {
    pqxx::work commit{server};
    std::string rows;
    for (int n = i; n < i + batch; ++n)
      rows += (rows.empty() ? "(" : ",(") + commit.quote(stream_name(n % streams)) + ","
              + std::to_string(n / streams + 1) + ",'deployment_accepted'," + commit.quote(body)
              + "," + commit.quote(meta) + "," + std::to_string(n) + ")";
    commit.exec("INSERT INTO bench_raw (stream, version, type, body, meta, at) VALUES " + rows);
    commit.commit();
  }
  return per_second(began);
}

} // namespace backendim::bench
