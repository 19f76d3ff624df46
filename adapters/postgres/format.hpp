#pragma once

#include "adapters/postgres/session.hpp"

#include <caf/error.hpp>

namespace backendim::postgres {

/// Makes the tables, or brings those of an older program up to date: a step for each format, each
/// one transaction. Fails with conflict when a newer program made them, or the server does not keep
/// what it acknowledges. Throws as libpqxx does.
caf::error migrate(pqxx::connection& connection, const std::string& schema);

} // namespace backendim::postgres
