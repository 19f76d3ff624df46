#include "actors/edge_watch.hpp"
#include "actors/engine_watch.hpp"
#include "actors/ingress.hpp"
#include "actors/journal_writer.hpp"
#include "actors/supervisor.hpp"
#include "tests/support/actor_test.hpp"
#include "tests/support/fake_engine.hpp"
#include "tests/support/fake_journal.hpp"

#include <memory>
#include <string>
#include <vector>

using namespace backendim;
using namespace std::chrono_literals;

namespace {

/// Answers how often its kind was begun.
caf::behavior counting(caf::event_based_actor*, uint32_t restarts) {
  return {
    [=](const get_slot_wait&) -> caf::result<slot_wait> {
      slot_wait result;
      result.position = restarts + 1;
      return result;
    },
  };
}

/// Hears of incidents.
class DeskTest : public test::actor_test {
protected:
  caf::scoped_actor desk{system};

  /// The incidents that were reported and resolved, in order: "+counter", "-counter".
  std::vector<std::string> incidents() {
    std::vector<std::string> result;
    for (bool more = true; more;)
      desk->receive([&](const report_incident& x) { result.push_back("+" + x.path); },
                    [&](const resolve_incident& x) { result.push_back("-" + x.path); },
                    caf::after(caf::timespan{0}) >> [&] { more = false; });
    return result;
  }
};

class SupervisorTest : public DeskTest {
protected:
  std::vector<caf::strong_actor_ptr> begun;
  int told = 0; ///< How often those who relied on the worker were.
  caf::actor worker;

  void SetUp() override {
    supervision what{"counter",
                     [this](uint32_t restarts) {
                       begun.push_back(
                         caf::actor_cast<caf::strong_actor_ptr>(system.spawn(counting, restarts)));
                       return begun.back();
                     },
                     caf::actor_cast<incidents_actor>(desk), [this] { ++told; }};
    worker = spawn(supervisor, what);
  }

  void TearDown() override {
    worker = nullptr;
    begun.clear();
    actor_test::TearDown();
  }

  void kill_worker() {
    self->send_exit(begun.back(), caf::exit_reason::kill);
    scheduler.run();
  }

  /// Which worker answers: 1 is the first one.
  uint32_t answer(auto& reply) {
    uint32_t result = 0;
    reply.receive([&](const slot_wait& x) { result = x.position; }, [](const caf::error&) {});
    return result;
  }
};

TEST_F(SupervisorTest, HandleOutlivesTheWorkerAndWhatCameMeanwhileIsAnswered) {
  auto first = ask(worker, get_slot_wait{"x"});
  EXPECT_EQ(answer(first), 1u);
  EXPECT_EQ(told, 0);
  kill_worker();
  auto meanwhile = ask(worker, get_slot_wait{"x"});
  EXPECT_FALSE(reply_waits());
  advance(1s);
  EXPECT_EQ(begun.size(), 2u);
  EXPECT_EQ(answer(meanwhile), 2u);
  EXPECT_EQ(told, 1);
  EXPECT_TRUE(incidents().empty()) << "it came back at once";
}

TEST_F(SupervisorTest, TooManyFailuresAreAnIncidentUntilItWorks) {
  for (unsigned i = 0; i < 9; ++i) {
    kill_worker();
    if (i < 8) {
      EXPECT_TRUE(incidents().empty()) << i;
      advance(std::chrono::seconds{1 << i});
      EXPECT_EQ(begun.size(), i + 2u);
    }
  }
  EXPECT_EQ(incidents(), std::vector<std::string>{"+counter"});
  auto refused = ask(worker, get_slot_wait{"x"});
  caf::error why;
  refused.receive([](const slot_wait&) {}, [&](caf::error& x) { why = std::move(x); });
  EXPECT_EQ(why, ec::unavailable) << "nobody waits for what does not come soon";
  advance(300s);
  EXPECT_EQ(begun.size(), 10u) << "it is tried again all the same";
  EXPECT_TRUE(incidents().empty());
  advance(60s);
  EXPECT_EQ(incidents(), std::vector<std::string>{"-counter"});
}

TEST_F(SupervisorTest, FailuresFarApartDoNotAddUp) {
  for (unsigned i = 0; i < 12; ++i) {
    kill_worker();
    advance(1s);
    EXPECT_EQ(begun.size(), i + 2u) << "after the shortest delay";
    advance(60s);
  }
  for (const auto& x : incidents())
    EXPECT_EQ(x, "-counter");
}

TEST_F(SupervisorTest, EndsWithItsWorker) {
  self->send_exit(worker, caf::exit_reason::user_shutdown);
  scheduler.run();
  EXPECT_TRUE(ended(worker));
  EXPECT_TRUE(ended(caf::actor_cast<caf::actor>(begun[0])));
  advance(10s);
  EXPECT_EQ(begun.size(), 1u);
}

/// An ingress whose apps fail as long as they are to.
class IngressSupervisionTest : public DeskTest {
protected:
  bool broken = true;
  int starts = 0;
  ingress_actor paths;

  void SetUp() override {
    auto journal
      = spawn(journal_writer, journal_writer_config{}, std::make_shared<test::fake_journal>());
    ingress_context context;
    context.journal = journal;
    context.incidents = caf::actor_cast<incidents_actor>(desk);
    context.restarts.healthy_after = 30s;
    context.kinds[path_kind::app] = [this](const ingress_actor&, const auto& parts) {
      ++starts;
      auto made = system.spawn(counting, 0u);
      if (broken)
        self->send_exit(
          made,
          caf::make_error(parts[1] == "damaged" ? ec::internal : ec::unavailable, "it is broken"));
      return caf::actor_cast<caf::strong_actor_ptr>(made);
    };
    paths = spawn(ingress, context);
  }

  void TearDown() override {
    paths = nullptr;
    actor_test::TearDown();
  }
};

TEST_F(IngressSupervisionTest, DamagedStreamIsAnIncidentAtOnceAndGoesWhenItIsMended) {
  ask(paths, resolve_path{"app/acme/damaged"});
  scheduler.run();
  EXPECT_EQ(incidents(), std::vector<std::string>{"+app/acme/damaged"});
  broken = false;
  advance(1s);
  EXPECT_EQ(starts, 2);
  advance(30s);
  EXPECT_EQ(incidents(), (std::vector<std::string>{"-app/acme/damaged", "-app/acme/damaged"}));
}

TEST_F(IngressSupervisionTest, RestartsThatNeverHelpAreAnIncident) {
  ask(paths, resolve_path{"app/acme/x"});
  for (int i = 0; i < 8; ++i) {
    EXPECT_TRUE(incidents().empty());
    advance(std::chrono::seconds{1 << i});
  }
  EXPECT_EQ(starts, 9);
  EXPECT_EQ(incidents(), std::vector<std::string>{"+app/acme/x"});
  advance(299s);
  EXPECT_EQ(starts, 9);
  advance(1s);
  EXPECT_EQ(starts, 10) << "rarely, but for ever";
}

TEST_F(IngressSupervisionTest, AskedForOftenItStillHasOneRestartOnItsWay) {
  for (int i = 0; i < 20; ++i) {
    ask(paths, resolve_path{"app/acme/x"});
    scheduler.run();
  }
  const auto before = starts;
  for (int i = 0; i < 200; ++i)
    advance(1s);
  EXPECT_EQ(starts, before + 1);
}

TEST_F(IngressSupervisionTest, RenewedActorsBeginAnewWithoutHavingFailed) {
  broken = false;
  ask(paths, resolve_path{"app/acme/a"});
  ask(paths, resolve_path{"app/acme/b"});
  self->send(caf::actor_cast<caf::typed_actor<caf::reacts_to<renew_all>>>(paths),
             renew_all{"app/acme/"});
  scheduler.run();
  EXPECT_EQ(starts, 4);
  EXPECT_TRUE(incidents().empty());
}

class EngineWatchTest : public DeskTest {};

TEST_F(EngineWatchTest, EngineThatIsAwayForLongIsAnIncident) {
  const auto engine = std::make_shared<test::fake_engine>();
  spawn(engine_watch, engine_watch_config{}, engine, caf::actor_cast<incidents_actor>(desk));
  advance(15s);
  (void)incidents();
  engine->set_down(true);
  for (int i = 0; i < 4; ++i) {
    advance(15s);
    EXPECT_TRUE(incidents().empty()) << i;
  }
  advance(15s);
  EXPECT_EQ(incidents(), std::vector<std::string>{"+engine"});
  engine->set_down(false);
  advance(15s);
  EXPECT_EQ(incidents(), std::vector<std::string>{"-engine"});
}

class EdgeWatchTest : public DeskTest {};

TEST_F(EdgeWatchTest, WhatKeepsRequestsFromComingInIsAnIncident) {
  struct hidden_edge : edge {
    void publish(route_table, std::function<void()>) override {}
    void when_idle(std::vector<upstream_address>, std::function<void()>) override {}
    caf::error trouble() override { return why; }
    caf::error why;
  };
  const auto front = std::make_shared<hidden_edge>();
  spawn(edge_watch, 15s, front, caf::actor_cast<incidents_actor>(desk));
  front->why = caf::make_error(ec::unavailable, "nobody asks");
  advance(15s);
  EXPECT_EQ(incidents(), std::vector<std::string>{"+edge"});
  front->why = {};
  advance(15s);
  EXPECT_EQ(incidents(), std::vector<std::string>{"-edge"});
}

} // namespace
