#pragma once

#include "adapters/journal.hpp"
#include "bin/daemon/config.hpp"

#include <caf/expected.hpp>
#include <caf/unit.hpp>

#include <filesystem>
#include <memory>
#include <string>

namespace backendim::daemon {

/// Where the platform's journal is: in a file of the state folder, or on a PostgreSQL server.
class journal_store {
public:
  /// *state* is the state folder, *fresh* a folder in it for a journal that is to replace another.
  journal_store(const config& x, std::filesystem::path state, std::filesystem::path fresh);

  /// Whether something is there, be it damaged; a server is always asked.
  bool is_there() const;

  /// The journal; each call opens it once more. Fails like the adapter's open_journal.
  caf::expected<std::shared_ptr<journal>> open() const;

  /// An empty one beside it, which nobody reads.
  caf::expected<std::shared_ptr<journal>> open_fresh() const;
  caf::expected<caf::unit_t> remove_fresh() const;
  /// Whether all of it is where replace() takes it from. It has to be closed.
  bool fresh_is_whole() const;

  /// Puts that in the place of the journal, which is kept under its name and *mark*. May be called
  /// again when it was interrupted. Nobody may have either open.
  caf::expected<caf::unit_t> replace(const std::string& mark) const;

private:
  std::filesystem::path file() const { return state_ / "journal.db"; }
  std::filesystem::path fresh_file() const { return fresh_ / "journal.db"; }

  std::string server_; ///< Empty: SQLite.
  std::filesystem::path state_;
  std::filesystem::path fresh_;
};

} // namespace backendim::daemon
