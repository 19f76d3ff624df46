#include "actors/incidents.hpp"
#include "actors/journal_writer.hpp"
#include "tests/support/actor_test.hpp"
#include "tests/support/fake_journal.hpp"

#include <memory>

using namespace backendim;
using namespace std::chrono_literals;

namespace {

class IncidentsTest : public test::actor_test {
protected:
  std::shared_ptr<test::fake_journal> store = std::make_shared<test::fake_journal>();
  journal_actor journal = spawn(journal_writer, journal_writer_config{}, store);
  incidents_context context{journal};
  incidents_actor desk = spawn(incidents, context);

  void report(const std::string& path, const std::string& reason = "why") {
    self->send(desk, report_incident{incident_kind::actor_down, path, reason, "do"});
    scheduler.run();
  }
  void resolve(const std::string& path) {
    self->send(desk, resolve_incident{incident_kind::actor_down, path});
    scheduler.run();
  }
  std::vector<incident> all() {
    auto reply = ask(desk, get_incidents{});
    incident_list result;
    reply.receive([&](incident_list& x) { result = std::move(x); }, [](const caf::error&) {});
    return result.items;
  }
  /// What a restart of the daemon does.
  void restart() {
    self->send_exit(desk, caf::exit_reason::user_shutdown);
    scheduler.run();
    desk = spawn(incidents, context);
  }
};

TEST_F(IncidentsTest, OpensRepeatsAndResolves) {
  report("app/a");
  report("app/b");
  report("app/a", "why now");
  auto seen = all();
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(context.open->load(), 2u);
  EXPECT_EQ(seen[1].path, "app/a");
  EXPECT_EQ(seen[1].count, 2u);
  EXPECT_EQ(seen[1].reason, "why now");
  EXPECT_EQ(seen[1].next, "do");
  EXPECT_GE(seen[1].last_seen, seen[1].since);
  resolve("app/a");
  resolve("app/unknown");
  seen = all();
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0].path, "app/b") << "open ones first";
  EXPECT_FALSE(seen[0].resolved);
  EXPECT_TRUE(seen[1].resolved);
  EXPECT_EQ(context.open->load(), 1u);
}

TEST_F(IncidentsTest, OutliveARestart) {
  report("app/a");
  report("app/b");
  resolve("app/b");
  restart();
  const auto seen = all();
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0].path, "app/a");
  EXPECT_TRUE(seen[1].resolved);
  EXPECT_EQ(context.open->load(), 1u);
}

TEST_F(IncidentsTest, AreKnownWhileTheJournalIsAwayAndKeptWhenItIsBack) {
  store->down = true;
  report("journal");
  ASSERT_EQ(all().size(), 1u);
  store->down = false;
  advance(5s);
  advance(5s);
  restart();
  ASSERT_EQ(all().size(), 1u);
  EXPECT_EQ(all()[0].path, "journal");
}

TEST_F(IncidentsTest, AreKnownWhenTheJournalIsAwayFromTheStart) {
  report("app/old");
  store->down = true;
  restart();
  report("app/new");
  EXPECT_EQ(all().size(), 1u);
  store->down = false;
  advance(5s);
  EXPECT_EQ(all().size(), 2u);
  restart();
  EXPECT_EQ(all().size(), 2u);
}

TEST_F(IncidentsTest, AFloodOfRepeatsIsCountedButNotWritten) {
  report("app/a");
  const auto commits = store->commits;
  for (int i = 0; i < 100; ++i)
    report("app/a", std::to_string(i));
  EXPECT_EQ(all().at(0).count, 101u);
  EXPECT_LE(store->commits, commits + 1);
}

} // namespace
