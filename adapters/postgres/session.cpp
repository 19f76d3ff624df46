#include "adapters/postgres/session.hpp"

#include <algorithm>
#include <initializer_list>
#include <thread>
#include <utility>

namespace backendim::postgres {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

namespace {

constexpr auto patience = 3s;      // how long one call waits for the server to come back
constexpr auto pause = 50ms;       // between two attempts
constexpr auto closed_for = 500ms; // calls that come after a vain wait need not wait, too

/// What keeps a call from waiting for ever, unless the operator says it himself.
std::string with_limits(const std::string& text) {
  constexpr std::pair<std::string_view, std::string_view> limits[] = {
    {"connect_timeout", "2"},  {"keepalives_idle", "5"},      {"keepalives_interval", "2"},
    {"keepalives_count", "3"}, {"tcp_user_timeout", "10000"}, {"application_name", "backendimd"}};
  const bool is_url = text.starts_with("postgres://") || text.starts_with("postgresql://");
  auto result = text;
  bool has_query = text.find('?') != text.npos;
  for (const auto& [key, value] : limits) {
    if (text.find(std::string{key} + "=") != text.npos)
      continue;
    result += is_url ? (std::exchange(has_query, true) ? "&" : "?") : " ";
    result.append(key).append("=").append(value);
  }
  return result;
}

/// What a client is told of the server's state.
bool is_state(const std::exception& x, std::string_view prefix) {
  const auto* sql = dynamic_cast<const pqxx::sql_error*>(&x);
  return sql && sql->sqlstate().starts_with(prefix);
}

/// The first line: libpq's own text may have several, and hints.
std::string first_line(std::string_view text) {
  text = text.substr(0, text.find('\n'));
  return std::string{text};
}

} // namespace

bool is_schema(std::string_view x) {
  return !x.empty() && x.size() <= 60 && std::ranges::all_of(x, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

std::unique_ptr<pqxx::connection> connect(const journal_place& place) {
  auto result = std::make_unique<pqxx::connection>(with_limits(place.connection));
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  result->inhibit_reactivation(true); // a new connection would lack what is set here
#pragma GCC diagnostic pop
  pqxx::nontransaction set{*result};
  set.exec("SET search_path = " + place.schema);
  set.exec("SET client_encoding = 'UTF8'");
  // Nothing is acknowledged that the server has not kept. What promises more stays.
  set.exec("SELECT set_config('synchronous_commit', 'on', false)"
           " WHERE current_setting('synchronous_commit') IN ('off', 'local')");
  set.exec("SET statement_timeout = '9s'");
  set.exec("SET idle_in_transaction_session_timeout = '10s'"); // others wait for our turn to end
  return result;
}

caf::error to_error(const std::exception& x) {
  // XX: damaged pages; 42P01: a table is gone; 23: a record is where none can be.
  const bool damaged = is_state(x, "XX") || is_state(x, "42P01") || is_state(x, "23");
  return caf::make_error(damaged ? ec::internal : ec::unavailable,
                         "PostgreSQL: " + first_line(x.what()));
}

bool session::is_lost(const std::exception& x) const {
  return dynamic_cast<const pqxx::broken_connection*>(&x) || is_state(x, "57P") || is_state(x, "08")
         || !connection_->is_open();
}

caf::error session::ensure_open() {
  if (connection_ && connection_->is_open())
    return {};
  connection_.reset();
  if (clock::now() < closed_until_)
    return why_closed_;
  for (const auto end = clock::now() + patience;; std::this_thread::sleep_for(pause)) {
    try {
      auto fresh = connect(place_);
      prepare_(*fresh);
      connection_ = std::move(fresh);
      return {};
    } catch (const std::exception& x) {
      why_closed_ = to_error(x);
      if (clock::now() + pause >= end || why_closed_ == ec::internal) {
        closed_until_ = clock::now() + closed_for;
        return why_closed_;
      }
    }
  }
}

} // namespace backendim::postgres
