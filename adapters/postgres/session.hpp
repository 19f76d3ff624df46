#pragma once

#include "adapters/postgres/journal.hpp"
#include "adapters/postgres/watchdog.hpp"
#include "protocol/error.hpp"

#include <caf/error.hpp>

#include <pqxx/pqxx>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace backendim::postgres {

/// A connection that knows the tables of its schema by their names. Throws as libpqxx does.
std::unique_ptr<pqxx::connection> connect(const journal_place& place);

/// Whether it can name a schema: it is put into statements as it is.
bool is_schema(std::string_view x);

/// internal when the server found its data damaged, unavailable otherwise.
caf::error to_error(const std::exception& x);

/// How long the server may be silent before its connection counts as lost.
constexpr std::chrono::seconds answer_limit{10};

/// A connection that is replaced when it is lost. Only for one thread.
class session {
public:
  /// *prepare* runs on each new connection.
  session(journal_place place, std::function<void(pqxx::connection&)> prepare)
    : place_{std::move(place)}, prepare_{std::move(prepare)} {}

  /// Calls f(connection), and once more when the connection was lost before anything was kept: what
  /// has not been committed by then never will be. Exceptions become an ec; one in the middle of a
  /// commit becomes unavailable, and f is not repeated.
  template <class F>
  auto run(F f) -> decltype(f(std::declval<pqxx::connection&>())) {
    for (bool first = true;; first = false) {
      if (auto why = ensure_open())
        return why;
      try {
        const watchdog::watch limited{watchdog_, connection_->sock(), answer_limit};
        return f(*connection_);
      } catch (const pqxx::in_doubt_error&) {
        connection_.reset();
        return caf::make_error(ec::unavailable,
                               "PostgreSQL was lost in the middle of a commit: read the stream to "
                               "learn what was kept");
      } catch (const std::exception& x) {
        const bool lost = is_lost(x);
        if (lost)
          connection_.reset();
        if (!lost || !first)
          return to_error(x);
      }
    }
  }

private:
  caf::error ensure_open();
  bool is_lost(const std::exception& x) const;

  journal_place place_;
  std::function<void(pqxx::connection&)> prepare_;
  std::unique_ptr<pqxx::connection> connection_;
  watchdog watchdog_;
  caf::error why_closed_;
  std::chrono::steady_clock::time_point closed_until_; ///< Then it may be tried again.
};

} // namespace backendim::postgres
