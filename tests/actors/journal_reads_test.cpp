// A read sees what was asked for before it, whatever the disk does meanwhile.

#include "actors/accounts.hpp"
#include "actors/journal_writer.hpp"
#include "tests/support/actor_test.hpp"
#include "tests/support/fake_journal.hpp"

#include <chrono>
#include <string>
#include <vector>

using namespace backendim;
using namespace std::chrono_literals;
using test::make_event;

namespace {

class JournalReadsTest : public test::actor_test {
protected:
  std::shared_ptr<test::fake_journal> store = std::make_shared<test::fake_journal>();
  journal_actor writer = spawn(journal_writer, journal_writer_config{}, store);

  /// Puts a message into the mailbox without running the writer.
  template <class Message>
  auto post(Message x) {
    return self->request(writer, test::request_deadline, std::move(x));
  }
  auto append(const std::string& stream) {
    return post(append_events{stream, 0, {make_event("a")}});
  }
};

TEST_F(JournalReadsTest, AStreamIsReadBehindTheAppendsBeforeIt) {
  auto written = append("s");
  auto read = post(get_stream{"s"});
  auto recovered = post(recover_stream{"s", "", 10});
  scheduler.run();
  EXPECT_EQ(get<recorded_events>(read)->events.size(), 1u);
  EXPECT_EQ(get<stream_recovered>(recovered)->events.size(), 1u);
  EXPECT_TRUE(get<events_appended>(written));
}

TEST_F(JournalReadsTest, SoAreAllStreamsAndTheirNames) {
  auto written = append("s");
  auto all = post(get_all_events{});
  auto second = append("t");
  auto names = post(get_streams{"", "", 10});
  scheduler.run();
  EXPECT_EQ(get<recorded_events>(all)->events.size(), 1u);
  EXPECT_EQ(get<stream_names>(names)->names, (std::vector<std::string>{"s", "t"}));
  EXPECT_TRUE(get<events_appended>(written));
  EXPECT_TRUE(get<events_appended>(second));
}

TEST_F(JournalReadsTest, AReadOfAnotherStreamDoesNotTearACommitApart) {
  auto first = append("s");
  auto other = post(get_stream{"u"});
  auto second = append("t");
  scheduler.run();
  EXPECT_EQ(store->commits, 1);
  EXPECT_TRUE(get<recorded_events>(other)->events.empty());
  EXPECT_TRUE(get<events_appended>(first));
  EXPECT_TRUE(get<events_appended>(second));
}

/// Its disk hung for longer than the actor waits: the actor gives the append up and reads what
/// became of it, while the append still waits in front of the read.
TEST_F(JournalReadsTest, AnAppendThatWasGivenUpIsNotForgotten) {
  accounts_actor book = spawn(accounts, durable_config{}, writer);
  const durable_config patience;
  auto reply
    = self->request(book, test::request_deadline,
                    create_token{{"ada", "acme", permission::operate}, "t1", "h", {"ada", "r1"}});
  // The writer hangs: nobody but the actor and its clock runs.
  const auto run_others = [&] {
    scheduler.run_jobs_filtered([&](caf::resumable* x) {
      const auto* actor = dynamic_cast<caf::scheduled_actor*>(x);
      return !actor || actor->address() != writer.address();
    });
  };
  run_others();
  scheduler.advance_time(patience.append_timeout + 1ms);
  run_others();
  scheduler.run(); // it is back
  EXPECT_EQ(test::error_of(get<token_info>(reply)), ec::timed_out);
  ASSERT_EQ(store->read("accounts", 1, 10)->size(), 1u) << "it was kept nevertheless";
  auto known = ask(book, get_token{"t1"});
  EXPECT_TRUE(get<token_info>(known)) << "what is on disk is what the actor knows";
}

} // namespace
