#include "bin/daemon/journal_store.hpp"

#include "adapters/postgres/journal.hpp"
#include "adapters/sqlite/journal.hpp"
#include "bin/daemon/durable_files.hpp"

#include <array>
#include <utility>

namespace backendim::daemon {

namespace fs = std::filesystem;

namespace {

constexpr auto schema = "backendim", fresh_schema = "backendim_restoring";

/// The journal's file itself comes last: while it is there, the others belong to it.
constexpr std::array parts{"-witness", "-wal", "-shm", ""};

} // namespace

journal_store::journal_store(const config& x, fs::path state, fs::path fresh)
  : server_{x.journal}, state_{std::move(state)}, fresh_{std::move(fresh)} {}

bool journal_store::is_there() const {
  return !server_.empty() || fs::exists(file()) || fs::exists(file().string() + "-witness");
}

bool journal_store::fresh_is_whole() const {
  return !server_.empty()
         || (fs::exists(fresh_file()) && !fs::exists(fresh_file().string() + "-wal"));
}

caf::expected<std::shared_ptr<journal>> journal_store::open() const {
  return server_.empty() ? sqlite::open_journal(file().string())
                         : postgres::open_journal({server_, schema});
}

caf::expected<std::shared_ptr<journal>> journal_store::open_fresh() const {
  if (auto removed = remove_fresh(); !removed)
    return std::move(removed.error());
  return server_.empty() ? sqlite::open_journal(fresh_file().string())
                         : postgres::open_journal({server_, fresh_schema});
}

caf::expected<caf::unit_t> journal_store::remove_fresh() const {
  if (!server_.empty())
    return postgres::remove_journal({server_, fresh_schema});
  for (const auto* part : parts)
    if (auto why = remove_file(fresh_file().string() + part))
      return why;
  return caf::unit;
}

caf::expected<caf::unit_t> journal_store::replace(const std::string& mark) const {
  if (!server_.empty())
    return postgres::replace_journal({server_, schema}, fresh_schema,
                                     std::string{schema} + "_" + mark);
  // As long as the fresh one is in its place, what lies in the other's is the old one.
  if (!fs::exists(fresh_file()))
    return caf::unit;
  for (const auto* part : parts)
    if (auto why = move_file(file().string() + part, file().string() + "." + mark + part))
      return why;
  if (auto why = move_file(fresh_file(), file()))
    return why;
  return caf::unit;
}

} // namespace backendim::daemon
