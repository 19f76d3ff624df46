#include "actors/disk.hpp"
#include "protocol/event_codec.hpp"
#include "protocol/paths.hpp"
#include "protocol/ulid.hpp"
#include "tests/support/actor_test.hpp"

#include <caf/event_based_actor.hpp>

#include <map>
#include <memory>
#include <string>
#include <vector>

using namespace backendim;
using namespace std::chrono_literals;
using test::error_of;

/// What is being removed is removed.
struct end_removal {};
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(end_removal)

namespace {

/// What the disk actor is told by those it works with, and what it had removed.
struct script {
  std::map<std::string, retained> apps; ///< By path.
  std::string silent;                   ///< The app that does not answer.
  std::vector<std::string> logs;
  std::map<std::string, std::string> app_of; ///< Of deployments, by id.
  bool journal_away = false;
  bool worker_waits = false;
  std::vector<remove_garbage> orders;
  std::vector<caf::typed_response_promise<garbage_removed>> open;

  static garbage_removed freed(uint64_t bytes) {
    garbage_removed x;
    x.kinds.push_back({garbage_kind::images, 3, 0, 2, bytes, ""});
    return x;
  }
};
using script_ptr = std::shared_ptr<script>;

using asked_app = caf::typed_actor<caf::replies_to<get_retained>::with<retained>>;

asked_app::behavior_type asked(asked_app::pointer self, script_ptr s, std::string path) {
  return {[=](const get_retained&) -> caf::result<retained> {
    if (s->silent == path)
      return self->make_response_promise<retained>(); // forgotten
    return s->apps.at(path);
  }};
}

ingress_actor::behavior_type paths(ingress_actor::pointer self, script_ptr s) {
  return {[=](const resolve_path& x) -> caf::result<caf::strong_actor_ptr> {
            return caf::actor_cast<caf::strong_actor_ptr>(self->spawn(asked, s, x.path));
          },
          [](const list_actors&) -> caf::result<actor_list> { return actor_list{}; },
          [](const actor_entry&, const caf::strong_actor_ptr&) {}};
}

/// Only what the disk actor asks of a journal.
caf::behavior events(caf::event_based_actor*, script_ptr s) {
  return {[=](const get_streams& x) -> caf::result<stream_names> {
            if (s->journal_away)
              return caf::make_error(ec::unavailable, "away");
            stream_names result;
            for (const auto& [path, app] : s->apps)
              if (path > x.after && result.names.size() < x.limit)
                result.names.push_back(path);
            return result;
          },
          [=](const get_stream& x) -> caf::result<recorded_events> {
            recorded_events result;
            const auto id = x.stream.substr(x.stream.rfind('/') + 1);
            EXPECT_EQ(x.stream, deployment_path("main", id).text);
            if (const auto found = s->app_of.find(id); found != s->app_of.end()) {
              deployment_created made;
              made.id = id;
              made.tenant = "main";
              made.app = found->second;
              recorded_event event;
              event.event
                = encode_event(std::variant<deployment_created>{made}, {}, caf::make_timestamp());
              result.events.push_back(event);
            }
            return result;
          }};
}

using held_garbage = garbage_actor::extend<caf::reacts_to<end_removal>>;

held_garbage::behavior_type remover(held_garbage::pointer self, script_ptr s) {
  return {[=](const list_logs&) -> caf::result<log_names> { return log_names{s->logs}; },
          [=](const remove_garbage& x) -> caf::result<garbage_removed> {
            s->orders.push_back(x);
            if (!s->worker_waits)
              return script::freed(100);
            s->open.push_back(self->make_response_promise<garbage_removed>());
            return s->open.back();
          },
          [=](end_removal) {
            for (auto& x : s->open)
              x.deliver(script::freed(7));
            s->open.clear();
          }};
}

class DiskTest : public test::actor_test {
protected:
  script_ptr s = std::make_shared<script>();
  disk_context context;
  held_garbage worker;
  disk_actor disk;

  void SetUp() override {
    s->apps["app/main/shop"].images = {"r/main/shop@sha256:1"};
    s->apps["app/main/new"].deployments = {make_ulid()};
    context.node = "n1";
    context.ingress = spawn(paths, s);
    context.journal = caf::actor_cast<journal_actor>(spawn(events, s));
    worker = spawn(remover, s);
    context.worker = worker;
    disk = spawn(disk_watch, context);
  }

  void TearDown() override {
    s->open.clear();
    actor_test::TearDown();
  }

  caf::expected<garbage_report> collect(bool dry_run = false) {
    auto reply = ask(disk, collect_garbage{dry_run});
    caf::expected<garbage_report> result{caf::sec::request_timeout};
    if (!reply_waits())
      return result;
    reply.receive([&](garbage_report& x) { result = std::move(x); },
                  [&](caf::error& x) { result = std::move(x); });
    return result;
  }
  void finish() {
    self->send(worker, end_removal{});
    scheduler.run();
  }
  disk_report report() {
    auto reply = ask(disk, get_disk{});
    disk_report result;
    reply.receive([&](disk_report& x) { result = std::move(x); }, [](const caf::error&) {});
    return result;
  }
  void load(uint64_t free, uint64_t total = 1'000) {
    machine_load x;
    x.disks = {{"/state", free, total, 0, 0}};
    self->send(disk, x);
    scheduler.run();
  }
};

TEST_F(DiskTest, EveryAppIsAskedAndWhatItRetainsIsKept) {
  const auto done = collect();
  ASSERT_TRUE(done) << render(error_of(done));
  EXPECT_TRUE(done->ended);
  EXPECT_EQ(done->error, "");
  EXPECT_EQ(done->kinds.at(0).freed_bytes, 100u);
  ASSERT_EQ(s->orders.size(), 1u);
  const auto& order = s->orders[0];
  EXPECT_FALSE(order.dry_run);
  EXPECT_EQ(order.apps.size(), 2u);
  EXPECT_EQ(order.busy, std::vector<std::string>{"main/new"});
  EXPECT_EQ(order.keep.images, s->apps["app/main/shop"].images);
  EXPECT_EQ(order.keep.deployments, s->apps["app/main/new"].deployments);
  EXPECT_LE(order.asked, caf::make_timestamp());
  EXPECT_EQ(report().last->kinds, done->kinds);
  EXPECT_EQ(report().freed_bytes, 100u);
  EXPECT_EQ(context.figures->freed_bytes, 100u);
}

TEST_F(DiskTest, MoreAppsThanAPageAreAllAsked) {
  for (int i = 0; i < 1'203; ++i)
    s->apps["app/main/a" + std::to_string(i)].images = {"i" + std::to_string(i)};
  ASSERT_TRUE(collect());
  EXPECT_EQ(s->orders.at(0).apps.size(), 1'205u);
  EXPECT_EQ(s->orders.at(0).keep.images.size(), 1'204u);
}

TEST_F(DiskTest, AnAppThatDoesNotAnswerKeepsEverything) {
  s->silent = "app/main/new";
  auto reply = ask(disk, collect_garbage{});
  advance(15s);
  garbage_report done;
  ASSERT_TRUE(reply_waits());
  reply.receive([&](garbage_report& x) { done = std::move(x); }, [](const caf::error&) {});
  EXPECT_NE(done.error.find("app/main/new"), std::string::npos) << done.error;
  EXPECT_TRUE(done.ended);
  EXPECT_TRUE(s->orders.empty());
  s->silent.clear();
  advance(10min);
  EXPECT_EQ(s->orders.size(), 1u) << "it is tried again soon";
}

TEST_F(DiskTest, WithoutTheJournalNothingIsRemoved) {
  s->journal_away = true;
  const auto done = collect();
  ASSERT_TRUE(done);
  EXPECT_NE(done->error, "");
  EXPECT_TRUE(s->orders.empty());
}

TEST_F(DiskTest, ADryRunSaysSoToTheWorkerAndIsNoCollection) {
  ASSERT_TRUE(collect(true));
  EXPECT_TRUE(s->orders.at(0).dry_run);
  EXPECT_FALSE(report().last);
  EXPECT_TRUE(report().looked);
  EXPECT_EQ(report().freed_bytes, 0u);
}

TEST_F(DiskTest, LogsOfForgottenDeploymentsGoAndTheJournalIsAskedOnce) {
  context.config.build_logs = 1;
  context.config.grace = 0s;
  disk = spawn(disk_watch, context);
  const auto first = make_ulid();
  std::string second = first;
  while (second <= first)
    second = make_ulid();
  const auto log_of_first = work_name("main", first);
  s->logs = {log_of_first, work_name("main", second)};
  s->app_of = {{first, "shop"}, {second, "shop"}};
  while (caf::make_timestamp() < ulid_time(second) + 2ms)
    ;
  ASSERT_TRUE(collect());
  EXPECT_EQ(s->orders.at(0).logs, std::vector<std::string>{log_of_first});
  s->app_of.clear();
  ASSERT_TRUE(collect());
  EXPECT_EQ(s->orders.at(1).logs, std::vector<std::string>{log_of_first});
}

TEST_F(DiskTest, OneAtATimeAndWhoAsksMeanwhileGetsItsResult) {
  s->worker_waits = true;
  auto first = ask(disk, collect_garbage{});
  auto second = ask(disk, collect_garbage{});
  auto dry = ask(disk, collect_garbage{true});
  EXPECT_TRUE(report().running);
  EXPECT_EQ(s->orders.size(), 1u);
  finish();
  for (auto* reply : {&first, &second})
    reply->receive([](const garbage_report& x) { EXPECT_EQ(x.kinds.at(0).freed_bytes, 7u); },
                   [](const caf::error& x) { ADD_FAILURE() << render(x); });
  dry.receive([](const garbage_report&) { ADD_FAILURE() << "it is no dry run"; },
              [](const caf::error& x) { EXPECT_EQ(x, ec::unavailable); });
  EXPECT_FALSE(report().running);
}

TEST_F(DiskTest, WhoAsksIsAnsweredBeforeALongOneHasEnded) {
  s->worker_waits = true;
  auto reply = ask(disk, collect_garbage{});
  EXPECT_FALSE(reply_waits());
  advance(20s);
  ASSERT_TRUE(reply_waits());
  reply.receive([](const garbage_report& x) { EXPECT_FALSE(x.ended); },
                [](const caf::error& x) { ADD_FAILURE() << render(x); });
  finish();
  EXPECT_TRUE(report().last->ended);
}

TEST_F(DiskTest, AWorkerThatDoesNotComeBackIsGivenUp) {
  s->worker_waits = true;
  auto reply = ask(disk, collect_garbage{});
  advance(20s);
  reply.receive([](const garbage_report&) {}, [](const caf::error&) {});
  advance(1h);
  EXPECT_NE(report().last->error, "");
  s->worker_waits = false;
  EXPECT_EQ(collect()->error, "");
}

TEST_F(DiskTest, CollectsByItselfNowAndThen) {
  advance(10min);
  ASSERT_EQ(s->orders.size(), 1u);
  EXPECT_EQ(report().last->why, collection_cause::schedule);
  advance(6h);
  EXPECT_EQ(s->orders.size(), 2u);
}

TEST_F(DiskTest, ADiskThatGetsLowIsCollectedAtOnceAndNotAllTheTime) {
  load(201);
  EXPECT_TRUE(s->orders.empty());
  load(199);
  ASSERT_EQ(s->orders.size(), 1u);
  EXPECT_TRUE(s->orders[0].low_space);
  EXPECT_EQ(report().last->why, collection_cause::low_space);
  load(198);
  EXPECT_EQ(s->orders.size(), 1u) << "it stays low";
  load(300);
  load(199);
  EXPECT_EQ(s->orders.size(), 2u) << "it got low again";
  advance(61min); // the scheduled one is of this time
  const auto before = s->orders.size();
  load(199);
  EXPECT_EQ(s->orders.size(), before + 1);
}

TEST_F(DiskTest, SaysWhatIsFreeAndWhereItIsGoing) {
  EXPECT_TRUE(report().disks.empty());
  load(900, 1'000);
  const auto shown = report();
  ASSERT_EQ(shown.disks.size(), 1u);
  EXPECT_EQ(shown.node, "n1");
  EXPECT_EQ(shown.disks[0].space.free_bytes, 900u);
  EXPECT_EQ(shown.disks[0].collect_below_bytes, 200u);
  EXPECT_FALSE(shown.disks[0].floor_in);
  EXPECT_EQ(context.figures->free_bytes, 900u);
  advance(5min);
  load(800, 1'000);
  EXPECT_EQ(report().disks[0].floor_in, 0s) << "the floor of 2 GiB is above that";
}

TEST_F(DiskTest, WhoWaitsIsAnsweredWhenItStops) {
  s->worker_waits = true;
  auto reply = ask(disk, collect_garbage{});
  self->send_exit(disk, caf::exit_reason::user_shutdown);
  scheduler.run();
  ASSERT_TRUE(reply_waits());
  reply.receive([](const garbage_report&) { ADD_FAILURE(); },
                [](const caf::error& x) { EXPECT_EQ(x, ec::unavailable); });
}

} // namespace
