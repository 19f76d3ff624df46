#include "actors/accounts.hpp"
#include "actors/journal_writer.hpp"
#include "tests/support/actor_test.hpp"
#include "tests/support/fake_journal.hpp"

#include <chrono>
#include <string>

using namespace backendim;
using test::error_of;
using namespace std::chrono_literals;

namespace {

create_token token(const std::string& id, const std::string& hash = "h") {
  // An operator's: one event for each.
  return {{"ada", "acme", permission::operate}, id, hash, {"ada", "r-" + id}};
}

/// The accounts actor stands for every durable one; with our own writer on a fake journal.
class DurableTest : public test::actor_test {
protected:
  std::shared_ptr<test::fake_journal> store = std::make_shared<test::fake_journal>();
  journal_actor journal = spawn(journal_writer, journal_writer_config{}, store);
  accounts_actor book = start();

  accounts_actor start(durable_config settings = {}) {
    settings.page_size = 2; // so that recovery needs several
    return spawn(accounts, settings, journal);
  }
};

TEST_F(DurableTest, KeepsWhatItAnswers) {
  auto reply = ask(book, token("t1"));
  EXPECT_EQ(get<token_info>(reply)->token_id, "t1");
  auto events = store->read("accounts", 1, 10);
  ASSERT_EQ(events->size(), 1u);
  EXPECT_EQ(events->at(0).event.type, "token_issued");
  EXPECT_EQ(events->at(0).event.meta, (request_meta{"ada", "r-t1"}));
}

TEST_F(DurableTest, RecoversFromItsStream) {
  for (const auto* id : {"t1", "t2", "t3", "t4", "t5"})
    ask(book, token(id));
  auto again = start();
  auto reply = ask(again, get_token{"t5"});
  EXPECT_TRUE(get<token_info>(reply));
}

TEST_F(DurableTest, ComesBackFromASnapshotAndWhatIsBehindIt) {
  durable_config often;
  often.snapshot_every = 3;
  auto first = start(often);
  for (const auto* id : {"t1", "t2", "t3", "t4"})
    ask(first, token(id));
  ASSERT_TRUE(*store->load_snapshot("accounts"));
  EXPECT_EQ((*store->load_snapshot("accounts"))->version, 3u);
  store->records = store->recoveries = 0;
  auto again = start(often);
  EXPECT_EQ(store->recoveries, 1) << "one question brings it back";
  EXPECT_LE(store->records, 2) << "the snapshot's own and the one behind it";
  for (const auto* id : {"t1", "t3", "t4"}) {
    auto reply = ask(again, get_token{id});
    EXPECT_TRUE(get<token_info>(reply)) << id;
  }
}

TEST_F(DurableTest, ASnapshotItDoesNotKnowIsLeftAlone) {
  for (const auto* id : {"t1", "t2", "t3"})
    ask(book, token(id));
  const auto form = snapshot_form<accounts_entity>();
  for (const auto& [of, body] : std::vector<std::pair<std::string, std::string>>{
         {"accounts 99", R"({"tokens":{}})"}, {form, R"({"tokens":7})"}, {form, "rubbish"}}) {
    ASSERT_TRUE(store->save_snapshots(std::vector{stream_snapshot{"accounts", 2, of, body}}));
    auto again = start();
    auto reply = ask(again, get_token{"t1"});
    EXPECT_TRUE(get<token_info>(reply)) << body;
  }
}

TEST_F(DurableTest, QueryBeforeTheFirstEventWaitsForIt) {
  durable_config patient;
  patient.birth_limit = 3s;
  auto young = start(patient);
  auto reply = ask(young, get_token{"t1"});
  EXPECT_FALSE(reply_waits());
  self->send(young, token("t1"));
  scheduler.run();
  EXPECT_TRUE(get<token_info>(reply));
}

TEST_F(DurableTest, QueryOfWhatIsNeverBornIsAnsweredAfterAWhile) {
  durable_config patient;
  patient.birth_limit = 3s;
  auto reply = ask(start(patient), get_token{"t1"});
  EXPECT_FALSE(reply_waits());
  advance(3s);
  ASSERT_TRUE(reply_waits());
  EXPECT_EQ(error_of(get<token_info>(reply)), ec::not_found);
}

TEST_F(DurableTest, RefusedCommandAppendsNothing) {
  ask(book, token("t1"));
  auto reply = ask(book, token("t1", "other"));
  EXPECT_EQ(error_of(get<token_info>(reply)), ec::conflict);
  EXPECT_EQ(store->read("accounts", 1, 10)->size(), 1u);
}

TEST_F(DurableTest, ConflictIsReadAndDecidedAgain) {
  auto other = start(); // a second owner of the same stream
  ask(other, token("t1"));
  auto reply = ask(book, token("t2"));
  EXPECT_TRUE(get<token_info>(reply));
  EXPECT_EQ(store->read("accounts", 1, 10)->size(), 2u);
}

TEST_F(DurableTest, OutageFailsTheCommandAndEndsTheActor) {
  store->down = true;
  auto reply = ask(book, token("t1"));
  EXPECT_EQ(error_of(get<token_info>(reply)), ec::unavailable);
  EXPECT_TRUE(ended(caf::actor_cast<caf::actor>(book))) << "its parent restarts it";
}

TEST_F(DurableTest, WatcherHearsOfTheNextEvent) {
  self->send(book, token("t1"));
  scheduler.run();
  while (reply_waits()) // the answer to the command above
    self->receive([](const token_info&) {});
  auto later = ask(book, get_changes{1});
  EXPECT_FALSE(reply_waits());
  self->send(book, token("t2"));
  scheduler.run();
  EXPECT_EQ(get<stream_position>(later)->version, 2u);
}

TEST_F(DurableTest, WatcherIsAnsweredWithoutAChangeAfterAWhile) {
  self->send(book, token("t1"));
  scheduler.run();
  while (reply_waits()) // the answer to the command above
    self->receive([](const token_info&) {});
  auto reply = ask(book, get_changes{1});
  EXPECT_FALSE(reply_waits());
  advance(21s);
  EXPECT_TRUE(reply_waits());
  EXPECT_EQ(get<stream_position>(reply)->version, 1u);
}

TEST_F(DurableTest, StoppingAnswersWatchers) {
  ask(book, token("t1"));
  auto reply = ask(book, get_changes{1});
  self->send_exit(book, caf::exit_reason::user_shutdown);
  scheduler.run();
  EXPECT_EQ(error_of(get<stream_position>(reply)), ec::unavailable);
}

} // namespace
