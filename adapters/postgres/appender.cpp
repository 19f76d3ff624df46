#include "adapters/postgres/appender.hpp"

#include "adapters/postgres/array.hpp"
#include "protocol/error.hpp"

#include <algorithm>

namespace backendim::postgres {

namespace {

using chained::link, chained::stream_head;

std::string_view text_at(const pqxx::binarystring& x) {
  return {x.get(), x.size()};
}

} // namespace

/// What a batch adds to events.
struct appender::rows {
  array positions = array::of_bigint(), streams = array::of_bytea(), versions = array::of_bigint(),
        types = array::of_bytea(), bodies = array::of_bytea(), metas = array::of_bytea(),
        times = array::of_bigint(), links = array::of_bytea();

  void add(const std::string& stream, uint64_t version, uint64_t position,
           const journal_event& event, const chained::event_seal& seal) {
    positions.add(static_cast<int64_t>(position));
    streams.add(stream);
    versions.add(static_cast<int64_t>(version));
    types.add(event.type);
    bodies.add(event.body);
    metas.add(seal.meta);
    times.add(static_cast<int64_t>(event.at.time_since_epoch().count()));
    links.add(chained::bytes_of(seal.own));
  }
};

/// Appends of all programs take turns, so that positions are seen in their order. "append" takes
/// its turn itself, and then writes only if the head is where it was said to be: a row that another
/// changed meanwhile is looked at again. A stream, too, has to stand where it was said to.
void appender::prepare(pqxx::connection& x) {
  x.prepare("turn", "SELECT pg_advisory_xact_lock(hashtext($1))");
  x.prepare("heads", "SELECT stream, version, link FROM streams WHERE stream = ANY ($1::bytea[])");
  x.prepare("append",
            "WITH moved AS (UPDATE head SET position = $1, streams = $2"
            "   FROM (SELECT pg_advisory_xact_lock(hashtext($3))) AS turn"
            "   WHERE head.position = $4 AND head.streams = $5 RETURNING 1),"
            " made AS (INSERT INTO streams SELECT x.* FROM moved,"
            "   unnest($6::bytea[], $7::bigint[], $8::bytea[]) AS x),"
            " kept AS (UPDATE streams SET version = x.version, link = x.link FROM moved,"
            "   unnest($9::bytea[], $10::bigint[], $11::bytea[], $12::bytea[])"
            "   AS x (stream, version, link, before)"
            "   WHERE streams.stream = x.stream AND streams.link = x.before RETURNING 1),"
            " added AS (INSERT INTO events SELECT x.* FROM moved,"
            "   unnest($13::bigint[], $14::bytea[], $15::bigint[], $16::bytea[], $17::bytea[],"
            "   $18::bytea[], $19::bigint[], $20::bytea[]) AS x)"
            " SELECT (SELECT count(*) FROM kept), pg_notify($3, $21) FROM moved");
}

std::optional<std::vector<journal::append_result>>
appender::append(pqxx::work& commit, std::span<const append_events> batch) {
  const bool asked = !remembers(batch);
  if (asked)
    ask(commit, batch);
  rows added;
  auto results = decide(batch, added);
  const bool refused
    = std::ranges::any_of(results, [](const auto& x) { return !x && x.error() == ec::conflict; });
  const bool written = (asked || !refused) && (after_ == known_.place() || write(commit, added));
  if (written)
    return results;
  alone_ = false;
  known_.clear();
  if (asked)
    throw pqxx::sql_error{"a stream's kept end is damaged", "append", "XX001"};
  return std::nullopt;
}

void appender::committed() {
  known_.move_to(after_);
  for (const auto& [stream, x] : streams_)
    if (x.now.version > 0)
      known_.keep(std::string{stream}, x.now);
  streams_.clear();
}

/// Whether nothing has to be asked.
bool appender::remembers(std::span<const append_events> batch) {
  streams_.clear();
  if (!alone_)
    return false;
  for (const auto& x : batch) {
    const auto* head = known_.find(x.stream);
    if (!head)
      return false;
    streams_.try_emplace(x.stream, moving{*head, *head});
  }
  return true;
}

void appender::ask(pqxx::work& commit, std::span<const append_events> batch) {
  commit.exec_prepared("turn", schema_);
  const auto row = commit.exec1("SELECT position, streams FROM head");
  const journal_head place{row[0].as<uint64_t>(), row[1].as<uint64_t>()};
  alone_ = place == known_.place();
  known_.be_at(place);
  streams_.clear();
  auto wanted = array::of_bytea();
  for (const auto& x : batch) {
    const auto [added, fresh] = streams_.try_emplace(x.stream);
    if (const auto* head = known_.find(x.stream))
      added->second = {*head, *head};
    else if (fresh)
      wanted.add(x.stream);
  }
  for (const auto& found : commit.exec_prepared("heads", wanted.value())) {
    stream_head head{found[1].as<uint64_t>(), {}};
    // A link of another size than ours is none that fits.
    (void)chained::read_link(text_at(pqxx::binarystring{found[2]}), head.last);
    streams_.at(text_at(pqxx::binarystring{found[0]})) = {head, head};
  }
}

std::vector<journal::append_result> appender::decide(std::span<const append_events> batch,
                                                     rows& to) {
  std::vector<journal::append_result> results;
  results.reserve(batch.size());
  after_ = known_.place();
  for (const auto& x : batch) {
    auto& stream = streams_.at(x.stream).now;
    if (x.events.empty()) {
      results.emplace_back(caf::make_error(ec::invalid_request, "no events to append"));
      continue;
    }
    if (stream.version != x.expected_version) {
      results.emplace_back(caf::make_error(ec::conflict, x.stream + " is at version "
                                                           + std::to_string(stream.version)));
      continue;
    }
    after_.streams += stream.version == 0;
    for (const auto& event : x.events) {
      const auto seal = chained::next_seal(x.stream, stream, ++after_.position, event);
      to.add(x.stream, stream.version, after_.position, event, seal);
    }
    results.emplace_back(events_appended{stream.version, after_.position});
  }
  return results;
}

/// False: head or streams are not where they were said to be.
bool appender::write(pqxx::work& commit, const rows& what) {
  auto made = array::of_bytea(), kept = array::of_bytea();
  auto made_versions = array::of_bigint(), kept_versions = array::of_bigint();
  auto made_links = array::of_bytea(), kept_links = array::of_bytea(), before = array::of_bytea();
  int64_t moved = 0;
  for (const auto& [name, x] : streams_) {
    if (x.now.version == x.before.version)
      continue;
    const bool fresh = x.before.version == 0;
    (fresh ? made : kept).add(name);
    (fresh ? made_versions : kept_versions).add(static_cast<int64_t>(x.now.version));
    (fresh ? made_links : kept_links).add(chained::bytes_of(x.now.last));
    if (fresh)
      continue;
    before.add(chained::bytes_of(x.before.last));
    ++moved;
  }
  const auto place = known_.place();
  const auto answer = commit.exec_prepared(
    "append", static_cast<int64_t>(after_.position), static_cast<int64_t>(after_.streams), schema_,
    static_cast<int64_t>(place.position), static_cast<int64_t>(place.streams), made.value(),
    made_versions.value(), made_links.value(), kept.value(), kept_versions.value(),
    kept_links.value(), before.value(), what.positions.value(), what.streams.value(),
    what.versions.value(), what.types.value(), what.bodies.value(), what.metas.value(),
    what.times.value(), what.links.value(), std::to_string(after_.position));
  return answer.size() == 1 && answer[0][0].as<int64_t>() == moved;
}

} // namespace backendim::postgres
