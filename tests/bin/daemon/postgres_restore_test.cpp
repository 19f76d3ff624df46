#include "adapters/postgres/journal.hpp"
#include "tests/support/postgres_server.hpp"
#include "tests/support/restore_contract.hpp"

#include <pqxx/pqxx>

using namespace backendim;
using namespace backendim::test;

namespace {

std::string on_a_server() {
  return postgres_server::instance().connection();
}

/// Journals, what was kept of older ones, and what was never finished.
void forget(const std::string& connection) {
  pqxx::connection server{connection};
  pqxx::work commit{server};
  commit.exec("SET client_min_messages = warning");
  for (const auto& row : commit.exec("SELECT nspname FROM pg_namespace WHERE nspname ~ "
                                     "'^backendim($|_)'"))
    commit.exec("DROP SCHEMA " + row[0].as<std::string>() + " CASCADE");
  commit.commit();
}

constexpr restore_case cases[] = {{"postgres", on_a_server, forget}};

INSTANTIATE_TEST_SUITE_P(Postgres, RestoreContract, ::testing::ValuesIn(cases));

class PostgresRestoreTest : public RestoreContract {};

INSTANTIATE_TEST_SUITE_P(Postgres, PostgresRestoreTest, ::testing::ValuesIn(cases));

TEST_P(PostgresRestoreTest, TheOldJournalIsKeptInASchemaOfItsOwn) {
  ASSERT_TRUE(events()->append({"app/main/a-0", 3, {make_event("newer")}}));
  const auto old = all_streams(*events());
  const auto done = daemon::restore(settings, file, true);
  ASSERT_TRUE(done) << render(done.error());
  const auto kept = postgres::open_journal({settings.journal, "backendim_" + done->kept});
  ASSERT_TRUE(kept) << render(kept.error());
  EXPECT_EQ(all_streams(**kept), old);
}

TEST_P(PostgresRestoreTest, AJournalMovesFromAFileToAServer) {
  auto in_file = settings;
  in_file.journal.clear();
  in_file.state = (folder.path() / "other").string();
  ASSERT_TRUE(daemon::restore(in_file, file, false));
  const auto moved = *daemon::journal_store{in_file, in_file.state, {}}.open();
  EXPECT_EQ(all_streams(*moved), all_streams(*events()));
}

} // namespace
