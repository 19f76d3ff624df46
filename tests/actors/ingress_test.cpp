#include "actors/accounts.hpp"
#include "actors/incidents.hpp"
#include "actors/ingress.hpp"
#include "actors/journal_writer.hpp"
#include "tests/support/actor_test.hpp"
#include "tests/support/fake_journal.hpp"

#include <memory>
#include <string>
#include <vector>

using namespace backendim;
using namespace std::chrono_literals;
using test::error_of;

namespace {

/// At each app's path is an accounts actor with a stream of its own name, "accounts".
class IngressTest : public test::actor_test {
protected:
  std::shared_ptr<test::fake_journal> store = std::make_shared<test::fake_journal>();
  journal_actor journal = spawn(journal_writer, journal_writer_config{}, store);
  incidents_actor desk = spawn(incidents, incidents_context{journal});
  int starts = 0;
  std::vector<caf::strong_actor_ptr> started;
  ingress_actor door;

  void SetUp() override {
    ingress_context x;
    x.journal = journal;
    x.incidents = desk;
    x.kinds[path_kind::app] = [this](const ingress_actor&, const auto&) {
      ++starts;
      started.push_back(
        caf::actor_cast<caf::strong_actor_ptr>(system.spawn(accounts, durable_config{}, journal)));
      return started.back();
    };
    door = spawn(ingress, x);
  }

  void TearDown() override {
    self->send_exit(door, caf::exit_reason::user_shutdown);
    for (const auto& x : started)
      self->send_exit(x, caf::exit_reason::user_shutdown);
    scheduler.run();
    started.clear();
    actor_test::TearDown();
  }

  void wake(const std::string& path) {
    ask(door, resolve_path{path})
      .receive([](const caf::strong_actor_ptr&) {}, [](const caf::error&) {});
  }

  std::vector<std::string> listed(const list_actors& what) {
    std::vector<std::string> result;
    ask(door, what)
      .receive(
        [&](const actor_list& x) {
          for (const auto& item : x.items)
            result.push_back(item.path);
        },
        [](const caf::error& why) { FAIL() << render(why); });
    return result;
  }

  std::vector<incident> known() {
    std::vector<incident> result;
    ask(desk, get_incidents{})
      .receive([&](incident_list& x) { result = std::move(x.items); },
               [](const caf::error& why) { FAIL() << render(why); });
    return result;
  }
};

TEST_F(IngressTest, APrefixThatIsAWholePathIsInIt) {
  for (const auto* path : {"app/acme/a", "app/acme/ab", "app/acme/b"})
    wake(path);
  using paths = std::vector<std::string>;
  EXPECT_EQ(listed({"app/acme/a", "", 10}), (paths{"app/acme/a", "app/acme/ab"}));
  EXPECT_EQ(listed({"app/acme/a", "app/acme/a", 10}), (paths{"app/acme/ab"}));
  EXPECT_EQ(listed({"app/acme/b", "app/acme/a", 10}), (paths{"app/acme/b"}));
  EXPECT_EQ(listed({"", "", 2}), (paths{"app/acme/a", "app/acme/ab"}));
}

/// An event of a newer release, or one that was damaged.
TEST_F(IngressTest, WhatCannotBeReadIsPutAsideAndTheIncidentSaysWhereItIs) {
  const accounts_event good{tenant_created{"acme", "root", {}}};
  auto strange = encode_event(good, {}, {});
  strange.type = "tenant_renamed";
  ASSERT_TRUE(store->append({"accounts", 0, {encode_event(good, {}, {}), strange}}));
  wake("app/acme/a");
  advance(1s);
  const auto found = known();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].what, incident_kind::stream_damaged);
  EXPECT_EQ(found[0].path, "app/acme/a");
  EXPECT_NE(found[0].reason.find("event 2 of accounts"), std::string::npos) << found[0].reason;
  EXPECT_NE(found[0].reason.find("tenant_renamed"), std::string::npos) << found[0].reason;
  EXPECT_TRUE(store->append({"other", 0, {encode_event(good, {}, {})}})) << "others live on";
}

TEST_F(IngressTest, OneFailureADayIsNotAFailureInARow) {
  wake("app/acme/a");
  ask(caf::actor_cast<accounts_actor>(started.back()),
      create_token{{"ada", "acme", permission::operate}, "t", "h", {"ada", "r"}})
    .receive([](const token_info&) {}, [](const caf::error& why) { FAIL() << render(why); });
  for (int day = 0; day < 10; ++day) {
    self->send_exit(started.back(), caf::exit_reason::unhandled_exception);
    scheduler.run();
    for (int i = 0; i < 24; ++i)
      advance(1h);
  }
  EXPECT_EQ(starts, 11);
  EXPECT_TRUE(known().empty()) << "that is no incident";
}

} // namespace
