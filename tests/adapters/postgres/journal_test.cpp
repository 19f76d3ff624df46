#include "adapters/postgres/journal.hpp"
#include "tests/adapters/postgres/journal_world.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/fake_journal.hpp"
#include "tests/support/journal_contract.hpp"

#include <algorithm>
#include <atomic>
#include <thread>

using namespace backendim;
using namespace backendim::test;

namespace {

std::unique_ptr<journal_world> make_postgres() {
  return std::make_unique<postgres_journal_world>();
}

constexpr journal_case cases[] = {{"postgres", make_postgres}};

INSTANTIATE_TEST_SUITE_P(Postgres, JournalContract, ::testing::ValuesIn(cases));

/// What only a journal on a server can show.
class PostgresJournalTest : public ::testing::Test {
protected:
  postgres_server& server = postgres_server::instance();
  postgres_journal_world world;
  std::shared_ptr<journal> store = *world.open();

  std::vector<journal_damage> damages() {
    std::vector<journal_damage> result;
    EXPECT_TRUE(store->verify([&](const journal_damage& x) { result.push_back(x); }, {}));
    return result;
  }
};

TEST_F(PostgresJournalTest, AppendsOfSeveralProgramsLeaveNoGapAndAreSeenInTheirOrder) {
  constexpr int programs = 4, appends = 60;
  std::vector<std::thread> threads;
  for (int i = 0; i < programs; ++i)
    threads.emplace_back([&, i] {
      const auto own = *world.open();
      for (uint64_t n = 0; n < appends; ++n)
        EXPECT_TRUE(own->append({"s" + std::to_string(i), n, {make_event("x")}}));
    });
  uint64_t seen = 0;
  while (seen < programs * appends) { // a subscriber never finds something in front of what it has
    const auto page = store->read_all(seen + 1, 1'000);
    ASSERT_TRUE(page) << render(page.error());
    for (const auto& x : *page)
      ASSERT_EQ(x.position, ++seen);
  }
  for (auto& thread : threads)
    thread.join();
  EXPECT_TRUE(damages().empty());
}

TEST_F(PostgresJournalTest, OfSeveralProgramsOneGetsAVersion) {
  const auto other = *world.open();
  ASSERT_TRUE(store->append({"s", 0, {make_event("a")}}));
  EXPECT_EQ(error_of(other->append({"s", 0, {make_event("b")}})), ec::conflict);
  EXPECT_TRUE(other->append({"s", 1, {make_event("b")}}));
}

TEST_F(PostgresJournalTest, ASubscriberHearsOfWhatAnotherProgramAppends) {
  const auto other = *world.open();
  std::promise<void> grown;
  store->when_longer(0, [&] { grown.set_value(); });
  ASSERT_TRUE(other->append({"s", 0, {make_event("a")}}));
  EXPECT_EQ(grown.get_future().wait_for(patience), std::future_status::ready);
}

TEST_F(PostgresJournalTest, ALostConnectionIsReplaced) {
  ASSERT_TRUE(store->append({"s", 0, {make_event("a")}}));
  world.edit("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
             " WHERE application_name = 'backendimd'");
  EXPECT_TRUE(store->append({"s", 1, {make_event("b")}}));
  world.edit("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
             " WHERE application_name = 'backendimd'");
  EXPECT_EQ(store->read("s", 1, 10)->size(), 2u);
  const auto other = *world.open();
  std::promise<void> grown;
  store->when_longer(2, [&] { grown.set_value(); });
  ASSERT_TRUE(other->append({"s", 2, {make_event("c")}}));
  EXPECT_EQ(grown.get_future().wait_for(patience), std::future_status::ready)
    << "its subscribers, too";
}

TEST_F(PostgresJournalTest, AnOutageIsUnavailableInBoundedTimeAndPasses) {
  ASSERT_TRUE(store->append({"s", 0, {make_event("a")}}));
  server.stop();
  EXPECT_EQ(error_of(store->append({"s", 1, {make_event("b")}})), ec::unavailable);
  EXPECT_EQ(error_of(store->read("s", 1, 10)), ec::unavailable);
  server.start();
  ASSERT_TRUE(eventually([&] { return bool{store->read("s", 1, 10)}; }));
  EXPECT_TRUE(store->append({"s", 1, {make_event("b")}}));
}

TEST_F(PostgresJournalTest, WhatWasAcknowledgedSurvivesKillsInTheMiddleOfAppends) {
  uint64_t acknowledged = 0;
  for (int round = 0; round < 3; ++round) {
    std::atomic<bool> done{false};
    std::atomic<uint64_t> appended{0};
    std::thread appender{[&] {
      while (!done) {
        const auto result = store->append({"s", acknowledged, {make_event("x"), make_event("y")}});
        if (result) {
          acknowledged = result->version;
          ++appended;
        } else if (result.error() == ec::conflict) { // one whose outcome was unknown was kept
          const auto behind = store->read("s", acknowledged + 1, 10);
          if (!behind)
            continue;
          EXPECT_EQ(behind->size(), 2u) << "more than the one append whose outcome was unknown";
          acknowledged += behind->size();
        } else {
          EXPECT_EQ(result.error(), ec::unavailable) << render(result.error());
        }
      }
    }};
    EXPECT_TRUE(eventually([&] { return appended >= 20; }));
    server.kill();
    server.start();
    EXPECT_TRUE(eventually([&, before = appended.load()] { return appended >= before + 5; }));
    done = true;
    appender.join();
  }
  const auto head = store->head();
  ASSERT_TRUE(head) << render(head.error());
  EXPECT_EQ(head->position, acknowledged);
  EXPECT_TRUE(damages().empty());
}

TEST_F(PostgresJournalTest, AServerThatDoesNotKeepWhatItAcknowledgesIsRefused) {
  const auto set = [&](const std::string& how, const std::string& then) {
    pqxx::connection connection{world.place.connection};
    pqxx::nontransaction admin{connection};
    admin.exec("ALTER SYSTEM " + how);
    admin.exec("SELECT pg_reload_conf()");
    const auto shown = [&] { return admin.exec1("SHOW fsync")[0].as<std::string>(); };
    EXPECT_TRUE(eventually([&] { return shown() == then; })) << shown();
  };
  set("SET fsync = off", "off");
  EXPECT_EQ(error_of(world.open()), ec::conflict);
  set("RESET fsync", "on");
  EXPECT_TRUE(world.open());
}

TEST_F(PostgresJournalTest, AServerThatFallsSilentIsUnavailableInBoundedTime) {
  ASSERT_TRUE(store->append({"s", 0, {make_event("a")}}));
  server.freeze();
  EXPECT_EQ(error_of(store->append({"s", 1, {make_event("b")}})), ec::unavailable);
  server.thaw(); // only now: it was given up while it was silent
  ASSERT_TRUE(eventually([&] { return bool{store->read("s", 1, 10)}; }));
  EXPECT_TRUE(damages().empty());
}

TEST_F(PostgresJournalTest, ANewerFormatIsRefused) {
  world.edit("UPDATE format SET version = 99");
  EXPECT_EQ(error_of(world.open()), ec::conflict);
}

TEST_F(PostgresJournalTest, ANewJournalTakesThePlaceOfTheOldWhichIsKept) {
  ASSERT_TRUE(store->append({"old", 0, {make_event("a")}}));
  auto fresh = world.place;
  fresh.schema += "_fresh";
  const auto kept = world.place.schema + "_20260101";
  ASSERT_TRUE((*postgres::open_journal(fresh))->append({"new", 0, {make_event("b")}}));
  store.reset();
  for (int i = 0; i < 2; ++i) { // whoever was interrupted does it again
    ASSERT_TRUE(postgres::replace_journal(world.place, fresh.schema, kept));
    store = *world.open();
    EXPECT_EQ(*store->streams("", "", 10), std::vector<std::string>{"new"});
  }
  const auto old = postgres::open_journal({world.place.connection, kept});
  ASSERT_TRUE(old);
  EXPECT_EQ((*old)->read("old", 1, 10)->size(), 1u);
  EXPECT_TRUE(postgres::remove_journal({world.place.connection, kept}));
}

TEST_F(PostgresJournalTest, AnUnknownServerIsUnavailable) {
  EXPECT_EQ(error_of(postgres::open_journal({"host=/nowhere dbname=x", "backendim"})),
            ec::unavailable);
  EXPECT_EQ(error_of(postgres::open_journal({world.place.connection, "Robert'; --"})),
            ec::invalid_request);
}

} // namespace
