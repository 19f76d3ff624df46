#pragma once

#include "adapters/journal.hpp"

#include <memory>
#include <string>

namespace backendim::postgres {

/// Where a journal is.
struct journal_place {
  std::string connection;           ///< For libpq: postgresql://… or key=value.
  std::string schema = "backendim"; ///< Its tables have it for themselves; [a-z0-9_]+.
};

/// Opens or creates the journal; an older format is brought up to date. Several programs may share
/// it: their appends take turns, so positions leave no gap and are seen in their order.
///
/// A connection that is lost is replaced, for some seconds at most; then calls fail with
/// unavailable. So does an append whose outcome nobody knows.
///
/// Fails with conflict when a newer program made the tables, or the server does not keep what it
/// acknowledges (fsync = off); invalid_request for a bad schema name; unavailable.
caf::expected<std::shared_ptr<journal>> open_journal(const journal_place& place);

/// Removes the journal and all that is in it; one that is not there is no error.
caf::expected<caf::unit_t> remove_journal(const journal_place& place);

/// Puts the journal in *fresh* in the place of *old*, which is kept in a schema *kept*, in one
/// transaction. None in *fresh*: it was done before. Nobody may have either open.
caf::expected<caf::unit_t> replace_journal(const journal_place& old, const std::string& fresh,
                                           const std::string& kept);

} // namespace backendim::postgres
