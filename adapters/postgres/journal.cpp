#include "adapters/postgres/journal.hpp"

#include "adapters/chained/journal_base.hpp"
#include "adapters/postgres/appender.hpp"
#include "adapters/postgres/format.hpp"
#include "adapters/postgres/listener.hpp"
#include "adapters/postgres/session.hpp"
#include "protocol/error.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

namespace backendim::postgres {

namespace {

using chained::link, chained::stored_record, chained::stream_head;

pqxx::binarystring binary(std::string_view x) {
  return {x.data(), x.size()};
}

std::string bytes_at(const pqxx::row& row, int column) {
  return pqxx::binarystring{row[column]}.str();
}

/// A link of another size than ours is none that fits.
link link_at(const pqxx::row& row, int column) {
  link result{};
  (void)chained::read_link(bytes_at(row, column), result);
  return result;
}

int64_t to_column(uint64_t x) {
  return static_cast<int64_t>(std::min<uint64_t>(x, INT64_MAX));
}

constexpr auto record_columns
  = "e.stream, e.version, e.position, e.type, e.body, e.meta, e.at, e.link";

/// Of a row that selects record_columns from column *first* on.
stored_record record_at(const pqxx::row& row, int first) {
  stored_record x;
  x.what.stream = bytes_at(row, first);
  x.what.version = row[first + 1].as<uint64_t>();
  x.what.position = row[first + 2].as<uint64_t>();
  x.what.event.type = bytes_at(row, first + 3);
  x.what.event.body = bytes_at(row, first + 4);
  x.meta = bytes_at(row, first + 5);
  x.what.event.at = caf::timestamp{caf::timespan{row[first + 6].as<int64_t>()}};
  x.own = link_at(row, first + 7);
  return x;
}

/// Head and rows of one statement are of one moment: the head comes first, once for each row, and
/// alone when there is no row.
void prepare(pqxx::connection& x) {
  appender::prepare(x);
  x.prepare("stream", "SELECT version, link FROM streams WHERE stream = $1");
  x.prepare("read", std::string{"SELECT h.version, h.link, "} + record_columns
                      + " FROM (SELECT) AS always LEFT JOIN streams h ON h.stream = $1"
                        " LEFT JOIN LATERAL (SELECT * FROM events WHERE stream = $1 AND"
                        " version >= $2 ORDER BY version LIMIT $3) e ON true ORDER BY e.version");
  x.prepare("read all", std::string{"SELECT h.position, h.streams, p.link, "} + record_columns
                          + " FROM head h LEFT JOIN LATERAL (SELECT * FROM events WHERE"
                            " position >= $1 ORDER BY position LIMIT $2) e ON true"
                            " LEFT JOIN events p ON p.stream = e.stream AND"
                            " p.version = e.version - 1 ORDER BY e.position");
  x.prepare("snapshot", "SELECT s.version, s.form, s.body, s.seal, e.link FROM snapshots s"
                        " LEFT JOIN events e ON e.stream = s.stream AND e.version = s.version"
                        " WHERE s.stream = $1");
  x.prepare("link", "SELECT link FROM events WHERE stream = $1 AND version = $2");
  x.prepare("keep snapshot", "INSERT INTO snapshots VALUES ($1, $2, $3, $4, $5)"
                             " ON CONFLICT (stream) DO UPDATE SET version = excluded.version,"
                             " form = excluded.form, body = excluded.body, seal = excluded.seal");
}

class journal_tables : public chained::journal_base {
public:
  explicit journal_tables(journal_place place)
    : place_{std::move(place)}, appender_{place_.schema}, session_{place_, prepare} {}

  caf::error open() {
    try {
      const auto first = connect(place_);
      if (auto why = migrate(*first, place_.schema))
        return why;
    } catch (const std::exception& x) {
      return to_error(x);
    }
    const auto head = this->head();
    if (!head)
      return head.error();
    const auto there = session_.run([&](pqxx::connection& x) -> caf::expected<uint64_t> {
      pqxx::nontransaction look{x};
      return look.exec1("SELECT count(*) FROM streams")[0].as<uint64_t>();
    });
    if (!there)
      return there.error();
    if (*there < head->streams)
      streams_are_missing();
    listener_.emplace(place_, waiters());
    return {};
  }

  std::vector<append_result> append_batch(std::span<const append_events> batch) override {
    auto results
      = session_.run([&](pqxx::connection& x) -> caf::expected<std::vector<append_result>> {
          for (;;) { // a second time when somebody else has appended
            pqxx::work commit{x};
            if (auto kept = appender_.append(commit, batch)) {
              commit.commit();
              appender_.committed();
              return std::move(*kept);
            }
          }
        });
    if (results) {
      waiters().grown_to(appender_.position());
      return std::move(*results);
    }
    std::vector<append_result> failed;
    if (results.error() == ec::internal && batch.size() > 1)
      for (const auto& one : batch) // a damaged place: only who needs it may fail
        failed.push_back(append(one));
    else
      failed.assign(batch.size(), append_result{results.error()});
    return failed;
  }

  caf::expected<std::vector<std::string>>
  streams(const std::string& prefix, const std::string& after, uint32_t limit) override {
    return names("SELECT stream FROM streams WHERE stream > $1 AND stream >= $2 AND"
                 " substr(stream, 1, length($2)) = $2 ORDER BY stream LIMIT $3",
                 binary(after), binary(prefix), limit);
  }

  caf::expected<journal_head> head() override {
    return session_.run([&](pqxx::connection& x) -> caf::expected<journal_head> {
      pqxx::nontransaction look{x};
      const auto row = look.exec1("SELECT position, streams FROM head");
      return journal_head{row[0].as<uint64_t>(), row[1].as<uint64_t>()};
    });
  }

  caf::expected<caf::unit_t> save_snapshots(std::span<const stream_snapshot> snapshots) override {
    return session_.run([&](pqxx::connection& c) -> caf::expected<caf::unit_t> {
      pqxx::work commit{c};
      commit.exec("SET LOCAL synchronous_commit = off"); // losing one costs a replay
      for (const auto& x : snapshots) {
        const auto at = commit.exec_prepared("link", binary(x.stream), to_column(x.version));
        if (at.empty())
          continue;
        const auto seal = chained::seal_of(x, link_at(at[0], 0));
        commit.exec_prepared0("keep snapshot", binary(x.stream), to_column(x.version),
                              binary(x.form), binary(x.body), binary(chained::bytes_of(seal)));
      }
      commit.commit();
      return caf::unit;
    });
  }

protected:
  caf::expected<stream_head> head_of(const std::string& stream) override {
    return session_.run([&](pqxx::connection& x) -> caf::expected<stream_head> {
      pqxx::nontransaction look{x};
      const auto rows = look.exec_prepared("stream", binary(stream));
      return rows.empty() ? stream_head{}
                          : stream_head{rows[0][0].as<uint64_t>(), link_at(rows[0], 1)};
    });
  }

  caf::expected<stream_rows> rows_of(const std::string& stream, uint64_t from_version,
                                     uint64_t limit) override {
    return session_.run([&](pqxx::connection& x) -> caf::expected<stream_rows> {
      pqxx::nontransaction look{x};
      stream_rows result;
      const auto rows
        = look.exec_prepared("read", binary(stream), to_column(from_version), to_column(limit));
      for (const auto& row : rows) {
        if (!row[0].is_null())
          result.head = {row[0].as<uint64_t>(), link_at(row, 1)};
        if (!row[2].is_null())
          result.rows.push_back(record_at(row, 2));
      }
      return result;
    });
  }

  caf::expected<journal_rows> rows_from(uint64_t position, uint64_t limit) override {
    return session_.run([&](pqxx::connection& x) -> caf::expected<journal_rows> {
      pqxx::nontransaction look{x};
      journal_rows result;
      const auto rows = look.exec_prepared("read all", to_column(position), to_column(limit));
      for (const auto& row : rows) {
        result.head = {row[0].as<uint64_t>(), row[1].as<uint64_t>()};
        if (row[3].is_null())
          continue;
        placed_row placed{record_at(row, 3), std::nullopt};
        if (!row[2].is_null())
          placed.before = link_at(row, 2);
        result.rows.push_back(std::move(placed));
      }
      return result;
    });
  }

  caf::expected<std::vector<uint64_t>> positions_from(uint64_t position, uint64_t limit) override {
    return session_.run([&](pqxx::connection& x) -> caf::expected<std::vector<uint64_t>> {
      pqxx::nontransaction look{x};
      const auto rows = look.exec_params(
        "SELECT position FROM events WHERE position >= $1 ORDER BY position LIMIT $2",
        to_column(position), to_column(limit));
      std::vector<uint64_t> result;
      for (const auto& row : rows)
        result.push_back(row[0].as<uint64_t>());
      return result;
    });
  }

  caf::expected<std::vector<std::string>> recorded_streams(const std::string& after,
                                                           uint64_t limit) override {
    return names("SELECT DISTINCT stream FROM events WHERE stream > $1 ORDER BY stream LIMIT $2",
                 binary(after), to_column(limit));
  }

  uint64_t place_of(const std::string& stream, uint64_t version) override {
    const auto found = session_.run([&](pqxx::connection& x) -> caf::expected<uint64_t> {
      pqxx::nontransaction look{x};
      const auto rows
        = look.exec_params("SELECT position FROM events WHERE stream = $1 AND version = $2",
                           binary(stream), to_column(version));
      return rows.empty() ? 0 : rows[0][0].as<uint64_t>();
    });
    return found ? *found : 0;
  }

  caf::expected<std::optional<sealed_snapshot>> snapshot_of(const std::string& stream) override {
    using result_type = std::optional<sealed_snapshot>;
    return session_.run([&](pqxx::connection& x) -> caf::expected<result_type> {
      pqxx::nontransaction look{x};
      const auto rows = look.exec_prepared("snapshot", binary(stream));
      if (rows.empty())
        return result_type{};
      const auto& row = rows[0];
      sealed_snapshot kept{
        {stream, row[0].as<uint64_t>(), bytes_at(row, 1), bytes_at(row, 2)}, link_at(row, 3), {}};
      if (!row[4].is_null())
        kept.at = link_at(row, 4);
      return result_type{std::move(kept)};
    });
  }

  /// Its server checks pages when they are read, if it was set up with checksums.
  std::vector<std::string> store_trouble() override { return {}; }

private:
  template <class... Parameters>
  caf::expected<std::vector<std::string>> names(const char* select, const Parameters&... values) {
    return session_.run([&](pqxx::connection& x) -> caf::expected<std::vector<std::string>> {
      pqxx::nontransaction look{x};
      std::vector<std::string> result;
      for (const auto& row : look.exec_params(select, values...))
        result.push_back(bytes_at(row, 0));
      return result;
    });
  }

  journal_place place_;
  appender appender_;
  session session_;
  std::optional<listener> listener_; ///< Last: it uses the others.
};

} // namespace

caf::expected<std::shared_ptr<journal>> open_journal(const journal_place& place) {
  if (!is_schema(place.schema))
    return caf::make_error(ec::invalid_request, "a schema's name is [a-z0-9_]+");
  auto result = std::make_shared<journal_tables>(place);
  if (auto why = result->open())
    return why;
  return std::shared_ptr<journal>{std::move(result)};
}

caf::expected<caf::unit_t> remove_journal(const journal_place& place) {
  if (!is_schema(place.schema))
    return caf::make_error(ec::invalid_request, "a schema's name is [a-z0-9_]+");
  return session{place, [](pqxx::connection&) {}}.run(
    [&](pqxx::connection& x) -> caf::expected<caf::unit_t> {
      pqxx::work commit{x};
      commit.exec("SET LOCAL client_min_messages = warning");
      commit.exec("DROP SCHEMA IF EXISTS " + place.schema + " CASCADE");
      commit.commit();
      return caf::unit;
    });
}

caf::expected<caf::unit_t> replace_journal(const journal_place& old, const std::string& fresh,
                                           const std::string& kept) {
  if (!is_schema(old.schema) || !is_schema(fresh) || !is_schema(kept))
    return caf::make_error(ec::invalid_request, "a schema's name is [a-z0-9_]+");
  return session{old, [](pqxx::connection&) {}}.run(
    [&](pqxx::connection& x) -> caf::expected<caf::unit_t> {
      pqxx::work commit{x};
      const auto is_there = [&](const std::string& schema) {
        return !commit.exec_params("SELECT FROM pg_namespace WHERE nspname = $1", schema).empty();
      };
      if (!is_there(fresh))
        return caf::unit;
      if (is_there(old.schema))
        commit.exec("ALTER SCHEMA " + old.schema + " RENAME TO " + kept);
      commit.exec("ALTER SCHEMA " + fresh + " RENAME TO " + old.schema);
      commit.commit();
      return caf::unit;
    });
}

} // namespace backendim::postgres
