#include "actors/build_queue.hpp"
#include "actors/ingress.hpp"
#include "actors/journal_writer.hpp"
#include "actors/quota.hpp"
#include "tests/support/actor_test.hpp"
#include "tests/support/fake_journal.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

using namespace backendim;
using namespace std::chrono_literals;
using test::error_of;

/// The build comes to its end; one that was told to stop does, too.
struct end_build {};
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(end_build)

namespace {

/// A build actor that works until the test says end_build. Like the real one, whose thread is busy,
/// it hears only then that it is to go.
using held_actor = build_actor::extend<caf::reacts_to<end_build>>;

struct held_build {
  held_actor worker;
  std::stop_token stop;
};

held_actor::behavior_type hold_build(held_actor::pointer self,
                                     std::map<std::string, held_build>* builds,
                                     const std::stop_token& stop) {
  const auto open = std::make_shared<caf::typed_response_promise<image_built>>();
  const auto busy = std::make_shared<bool>(false);
  const auto gone = std::make_shared<bool>(false);
  self->set_exit_handler([=](const caf::exit_msg& x) {
    *gone = true;
    if (!*busy)
      self->quit(x.reason);
  });
  return {
    [](const fetch_source&) -> caf::result<source_fetched> { return source_fetched{}; },
    [=](const build_image& x) -> caf::result<image_built> {
      *open = self->make_response_promise<image_built>();
      *busy = true;
      (*builds)[x.id] = {self, stop};
      return *open;
    },
    [](const push_image&) -> caf::result<image_pushed> { return image_pushed{}; },
    [](const cancel_work& x) -> caf::result<work_cancelled> { return work_cancelled{x.id}; },
    [=](end_build) {
      if (stop.stop_requested())
        open->deliver(caf::make_error(ec::timed_out, "stopped"));
      else
        open->deliver(image_built{"image"});
      *busy = false;
      if (*gone)
        self->quit();
    },
  };
}

/// One slot, four may wait, two of one tenant.
class BuildQueueTest : public test::actor_test {
protected:
  std::shared_ptr<test::fake_journal> store = std::make_shared<test::fake_journal>();
  journal_actor journal = spawn(journal_writer, journal_writer_config{}, store);
  ingress_actor directory = start_directory();
  std::vector<caf::strong_actor_ptr> quotas;
  build_queue_config config;
  std::map<std::string, held_build> building; ///< By id; in it until finish().
  build_queue_actor queue;

  void SetUp() override {
    config.build_slots = 1;
    config.limits.waiting = 4;
    config.limits.waiting_of_tenant = 2;
    start();
  }

  /// Knows the quotas of tenants and nothing else.
  ingress_actor start_directory() {
    ingress_context paths;
    paths.journal = journal;
    paths.kinds[path_kind::quota] = [this](const ingress_actor&, const auto& x) {
      quotas.push_back(caf::actor_cast<caf::strong_actor_ptr>(
        system.spawn(quota, durable_config{}, journal, queue, gateway_actor{}, x[0])));
      return quotas.back();
    };
    return spawn(ingress, paths);
  }

  void set_limit(const std::string& tenant, caf::optional<uint32_t> builds) {
    set_quota x;
    x.limits.builds = builds;
    x.meta = {"root", "r"};
    caf::strong_actor_ptr found;
    auto where = ask(directory, resolve_path{quota_path(tenant).text});
    where.receive([&](caf::strong_actor_ptr& who) { found = who; }, [](const caf::error&) {});
    auto reply = ask(caf::actor_cast<quota_actor>(found), x);
    reply.receive([](const quota_report&) {}, [](const caf::error& why) { FAIL() << render(why); });
  }

  void start() {
    const auto worker = [this](std::stop_token stop) {
      return build_actor{system.spawn(hold_build, &building, stop)};
    };
    queue = spawn(build_queue, config, worker, directory);
  }

  void TearDown() override {
    building.clear();
    for (const auto& x : quotas)
      self->send_exit(x, caf::exit_reason::user_shutdown);
    quotas.clear();
    actor_test::TearDown();
  }

  void finish(const std::string& id) {
    self->send(building.at(id).worker, end_build{});
    building.erase(id);
    scheduler.run();
  }

  static build_image job(const std::string& id, const std::string& tenant = "acme") {
    build_image x{id, tenant, {}, {}};
    x.plan.containerfile = "Dockerfile"; // so that none is generated
    return x;
  }

  build_queue_info info() {
    auto reply = ask(queue, get_build_queue{});
    build_queue_info result;
    reply.receive([&](build_queue_info& x) { result = std::move(x); }, [](const caf::error&) {});
    return result;
  }

  slot_wait wait_of(const std::string& id) {
    auto reply = ask(queue, get_slot_wait{id});
    slot_wait result;
    reply.receive([&](slot_wait& x) { result = std::move(x); }, [](const caf::error&) {});
    return result;
  }

  caf::error admit(const std::string& tenant) {
    auto reply = ask(queue, admit_deployment{tenant});
    caf::error result;
    reply.receive([](const deployment_admitted&) {}, [&](caf::error& x) { result = std::move(x); });
    return result;
  }

  static admission_refusal refusal(const caf::error& x) {
    return x && x.context().match_elements<admission_refusal>()
             ? x.context().get_as<admission_refusal>(0)
             : admission_refusal{};
  }

  void observe(uint64_t free_disk, uint64_t memory) {
    self->send(queue,
               machine_load{memory, 8ull << 30, {{"/state", free_disk, 100ull << 30, 0, 0}}});
    scheduler.run();
  }
};

TEST_F(BuildQueueTest, GivesOneBuildTheOneSlotAndTheNextToTheOtherTenant) {
  ask(queue, job("a1", "acme"));
  ask(queue, job("a2", "acme"));
  ask(queue, job("a3", "acme"));
  ask(queue, job("b1", "other"));
  const auto seen = info();
  std::vector<std::string> ids;
  for (const auto& x : seen.jobs)
    ids.push_back(x.id);
  EXPECT_EQ(ids, (std::vector<std::string>{"a1", "b1", "a2", "a3"}));
  EXPECT_TRUE(seen.jobs[0].running);
  EXPECT_FALSE(seen.jobs[0].waits);
  EXPECT_FALSE(seen.jobs[1].running);
  EXPECT_EQ(wait_of("b1").position, 1u);
  EXPECT_EQ(wait_of("a1").position, 0u) << "it waits for nothing";
  EXPECT_EQ(wait_of("nobody").position, 0u);
}

TEST_F(BuildQueueTest, ATenantsBuildsBeyondItsQuotaWaitWhileOthersPass) {
  config.build_slots = 4;
  start();
  set_limit("acme", 1);
  for (const auto* id : {"a1", "a2", "a3"})
    ask(queue, job(id, "acme"));
  ask(queue, job("b1", "other"));
  EXPECT_EQ(building.size(), 2u);
  EXPECT_TRUE(building.contains("a1") && building.contains("b1"));
  EXPECT_EQ(wait_of("a2").why, bottleneck::quota);
  EXPECT_NE(wait_of("a2").detail.find("acme"), std::string::npos);
  finish("a1");
  EXPECT_TRUE(building.contains("a2")) << "the next of the tenant begins when one has ended";
  EXPECT_FALSE(building.contains("a3"));
  set_limit("acme", 2);
  EXPECT_TRUE(building.contains("a3")) << "more are allowed: at once";
  set_limit("acme", 0);
  finish("a2");
  finish("a3");
  ask(queue, job("a4", "acme"));
  EXPECT_FALSE(building.contains("a4"));
  set_limit("acme", caf::none);
  EXPECT_TRUE(building.contains("a4"));
}

TEST_F(BuildQueueTest, TurnsDeploymentsAwayBeforeTheyAreAcceptedAndTakesEveryJob) {
  EXPECT_FALSE(admit("acme"));
  EXPECT_FALSE(admit("acme"));
  auto refused = admit("acme");
  EXPECT_EQ(refused, ec::over_quota) << "places are kept for those who are on their way";
  EXPECT_EQ(refusal(refused).why, bottleneck::tenant_queue);
  EXPECT_GT(refusal(refused).retry_after, 0s);
  EXPECT_FALSE(admit("other"));
  EXPECT_FALSE(admit("other"));
  EXPECT_EQ(refusal(admit("third")).why, bottleneck::queue);
  advance(31s);
  EXPECT_FALSE(admit("third")) << "those who never came keep nothing";
  std::vector<std::string> ids;
  for (int i = 0; i < 9; ++i)
    ask(queue, job("j" + std::to_string(i)));
  EXPECT_EQ(info().jobs.size(), 9u) << "what was accepted gets in whatever the bound";
  EXPECT_EQ(refusal(admit("acme")).why, bottleneck::queue);
}

TEST_F(BuildQueueTest, ScarceDiskRefusesNewAndHoldsWhatWasAccepted) {
  observe(1ull << 30, 4ull << 30);
  const auto refused = admit("acme");
  EXPECT_EQ(refused, ec::unavailable);
  EXPECT_EQ(refusal(refused).why, bottleneck::disk);
  EXPECT_GT(refusal(refused).retry_after, 0s);
  ask(queue, job("d1"));
  EXPECT_FALSE(info().jobs.at(0).running);
  EXPECT_TRUE(info().held);
  EXPECT_EQ(wait_of("d1").why, bottleneck::disk);
  EXPECT_NE(wait_of("d1").detail.find("/state"), std::string::npos);
  observe(50ull << 30, 4ull << 30);
  EXPECT_TRUE(info().jobs.at(0).running) << "it begins when there is room again";
  EXPECT_FALSE(admit("acme"));
}

TEST_F(BuildQueueTest, MemoryIsKeptForEachBuildThatRuns) {
  config.build_slots = 2;
  config.limits.memory_floor = 1ull << 30;
  config.limits.memory_of_build = 1ull << 30;
  start();
  observe(50ull << 30, 5ull << 29); // 2.5 GiB: enough for one
  ask(queue, job("d1"));
  ask(queue, job("d2"));
  EXPECT_EQ(wait_of("d1").position, 0u);
  EXPECT_EQ(wait_of("d2").why, bottleneck::memory);
  EXPECT_FALSE(admit("acme")) << "there is enough for one build: it may wait for its turn";
  observe(50ull << 30, 3ull << 30);
  EXPECT_EQ(wait_of("d2").position, 0u);
  observe(50ull << 30, 1ull << 30);
  EXPECT_EQ(refusal(admit("acme")).why, bottleneck::memory);
}

TEST_F(BuildQueueTest, RunningTimeIsLimitedAndWaitingIsNot) {
  config.build_limit = 60s;
  start();
  auto running = ask(queue, job("d1"));
  ask(queue, job("d2"));
  advance(59s);
  EXPECT_FALSE(building.at("d1").stop.stop_requested());
  advance(2s);
  ASSERT_TRUE(building.at("d1").stop.stop_requested());
  finish("d1");
  caf::error why;
  running.receive([](const image_built&) {}, [&](caf::error& x) { why = std::move(x); });
  EXPECT_EQ(why, ec::timed_out);
  EXPECT_EQ(failure_of(why).code, cause::deadline_passed);
  advance(30s);
  EXPECT_FALSE(building.at("d2").stop.stop_requested()) << "its own time began with its slot";
}

TEST_F(BuildQueueTest, EstimatesComeFromBuildsThatEnded) {
  ask(queue, job("d1"));
  ask(queue, job("d2"));
  ask(queue, job("d3"));
  EXPECT_FALSE(wait_of("d2").estimated_wait);
  advance(40s);
  finish("d1");
  EXPECT_EQ(wait_of("d3").estimated_wait, std::chrono::milliseconds{40s});
  advance(10s);
  EXPECT_EQ(wait_of("d3").estimated_wait, std::chrono::milliseconds{30s});
  EXPECT_EQ(info().usual_build, std::chrono::milliseconds{40s});
}

/// A deployment that begins anew asks for the step that it finds in its stream.
TEST_F(BuildQueueTest, WhoAsksForTheSameOnceMoreGetsWhatComesOfIt) {
  config.build_slots = 2;
  start();
  auto first = ask(queue, job("d1"));
  auto again = ask(queue, job("d1"));
  ASSERT_EQ(info().jobs.size(), 1u) << "two builds in one folder";
  EXPECT_FALSE(building.at("d1").stop.stop_requested()) << "half a build is lost for nothing";
  finish("d1");
  caf::error why;
  first.receive([](const image_built&) {}, [&](caf::error& x) { why = std::move(x); });
  EXPECT_EQ(why, ec::conflict);
  bool built = false;
  again.receive([&](const image_built&) { built = true; }, [](const caf::error&) {});
  EXPECT_TRUE(built);
  EXPECT_TRUE(info().jobs.empty());
}

TEST_F(BuildQueueTest, AJobThatWaitsIsFoundAgainInItsPlace) {
  ask(queue, job("d1"));
  ask(queue, job("d2"));
  ask(queue, job("d3"));
  auto again = ask(queue, job("d2"));
  ASSERT_EQ(info().jobs.size(), 3u);
  EXPECT_EQ(wait_of("d2").position, 1u);
  finish("d1");
  finish("d2");
  bool built = false;
  again.receive([&](const image_built&) { built = true; }, [](const caf::error&) {});
  EXPECT_TRUE(built);
}

TEST_F(BuildQueueTest, AnotherJobOfADeploymentWaitsUntilTheOlderOneIsGone) {
  config.build_slots = 2;
  start();
  ask(queue, job("d1"));
  auto older = building.at("d1");
  auto other = job("d1");
  other.plan.containerfile = "Dockerfile.new";
  ask(queue, other);
  EXPECT_TRUE(older.stop.stop_requested());
  EXPECT_EQ(info().jobs.size(), 2u);
  size_t running = 0;
  for (const auto& x : info().jobs)
    running += x.running;
  EXPECT_EQ(running, 1u) << "two builds in one folder, under one name";
  finish("d1");
  EXPECT_FALSE(building.at("d1").stop.stop_requested()) << "the second one runs";
  EXPECT_EQ(info().jobs.size(), 1u);
}

TEST_F(BuildQueueTest, WhatWasToldToStopIsNotFoundAgain) {
  ask(queue, job("d1"));
  auto older = building.at("d1");
  ask(queue, cancel_work{"d1", "acme"});
  ASSERT_TRUE(older.stop.stop_requested());
  ask(queue, job("d1"));
  EXPECT_EQ(info().jobs.size(), 2u);
  finish("d1");
  EXPECT_FALSE(building.at("d1").stop.stop_requested());
}

TEST_F(BuildQueueTest, CancellingStopsThatDeploymentAloneAndFreesItsPlace) {
  config.build_slots = 2;
  start();
  for (const auto* id : {"d1", "d2", "d3", "d4"})
    ask(queue, job(id));
  ask(queue, cancel_work{"d3", "acme"});
  EXPECT_EQ(wait_of("d4").position, 1u);
  auto reply = ask(queue, cancel_work{"d1", "acme"});
  EXPECT_TRUE(building.at("d1").stop.stop_requested());
  EXPECT_FALSE(building.at("d2").stop.stop_requested()) << "of the same tenant";
  EXPECT_EQ(wait_of("d4").position, 1u) << "until it is gone";
  finish("d1");
  EXPECT_EQ(wait_of("d4").position, 0u);
  EXPECT_TRUE(get<work_cancelled>(reply)) << "said when nothing is left";
}

/// A queue that fails and is started again while *id* is built.
class LostBuildQueueTest : public BuildQueueTest {
protected:
  const std::string id = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
  held_build older;

  void SetUp() override {
    BuildQueueTest::SetUp();
    auto lost = ask(queue, job(id));
    older = building.at(id);
    building.clear();
    self->send_exit(queue, caf::exit_reason::kill);
    scheduler.run();
    lost.receive([](const image_built&) { ADD_FAILURE() << "nobody built it"; },
                 [](const caf::error& why) { EXPECT_EQ(why, ec::unavailable); });
    start();
    scheduler.run();
  }

  void end_older() {
    self->send(older.worker, end_build{});
    scheduler.run();
  }
};

TEST_F(LostBuildQueueTest, ItsBuildIsToldToStopAndTheSameBeginsOnlyThen) {
  EXPECT_TRUE(older.stop.stop_requested());
  auto again = ask(queue, job(id));
  EXPECT_FALSE(building.contains(id)) << "two builds in one folder, under one name";
  EXPECT_EQ(wait_of(id).position, 1u);
  end_older();
  ASSERT_TRUE(building.contains(id));
  finish(id);
  EXPECT_TRUE(get<image_built>(again));
}

TEST_F(LostBuildQueueTest, OthersDoNotWaitForIt) {
  ask(queue, job("d2"));
  EXPECT_TRUE(building.contains("d2"));
}

TEST_F(LostBuildQueueTest, CancellingSaysSoWhenItIsGone) {
  auto reply = ask(queue, cancel_work{id, "acme"});
  EXPECT_FALSE(reply_waits());
  end_older();
  EXPECT_TRUE(get<work_cancelled>(reply));
}

TEST_F(LostBuildQueueTest, WhatDoesNotStopIsNotWaitedForForever) {
  ask(queue, job(id));
  advance(60s);
  EXPECT_TRUE(building.contains(id));
}

TEST_F(BuildQueueTest, StoppingAnswersRunningAndWaitingJobs) {
  auto running = ask(queue, job("d1"));
  auto waiting = ask(queue, job("d2"));
  self->send_exit(queue, caf::exit_reason::user_shutdown);
  scheduler.run();
  EXPECT_EQ(error_of(get<image_built>(running)), ec::unavailable);
  EXPECT_EQ(error_of(get<image_built>(waiting)), ec::unavailable);
}

} // namespace
