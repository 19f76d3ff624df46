#include "actors/app_driver.hpp"
#include "actors/build_queue.hpp"
#include "actors/engine_worker.hpp"
#include "actors/gateway.hpp"
#include "actors/ingress.hpp"
#include "actors/journal_writer.hpp"
#include "actors/one_off_driver.hpp"
#include "actors/quota.hpp"
#include "adapters/crypto/vault.hpp"
#include "tests/support/actor_test.hpp"
#include "tests/support/fake_engine.hpp"
#include "tests/support/fake_journal.hpp"
#include "tests/support/temp_folder.hpp"

#include <map>
#include <string>

using namespace backendim;
using namespace std::chrono_literals;

namespace {

class quiet_edge : public edge {
public:
  void publish(route_table, std::function<void()> used) override { used(); }
  void when_idle(std::vector<upstream_address>, std::function<void()> idle) override { idle(); }
  void when_reachable(const std::string&, std::function<void(caf::error)> done) override {
    done({});
  }
};

class no_memory : public route_memory {
public:
  gateway_info last() override { return {}; }
  void keep(gateway_info) override {}
};

class good_prober : public prober {
public:
  void probe(const probe_request&, std::function<void(probe_result)> done) override {
    done({probe_result::outcome::good, 200});
  }
};

/// A real keeper blocks until its container has ended; this one answers when the test says so.
using test_keeper_actor = output_actor::extend<caf::reacts_to<output_kept>>;

/// What the keepers of a test were asked for, and those that have not answered.
struct kept_outputs {
  std::vector<keep_output> asked;
  std::vector<test_keeper_actor> open;
};

struct keeper_state {
  caf::typed_response_promise<output_kept> promise;
};

test_keeper_actor::behavior_type test_keeper(test_keeper_actor::stateful_pointer<keeper_state> self,
                                             std::shared_ptr<kept_outputs> all) {
  return {
    [self, all](const keep_output& x) -> caf::result<output_kept> {
      self->state.promise = self->make_response_promise<output_kept>();
      all->asked.push_back(x);
      all->open.emplace_back(self);
      return self->state.promise;
    },
    [self](const output_kept& x) { self->state.promise.deliver(x); },
  };
}

/// One app with a live release, its one-off tasks, and an engine in memory.
class OneOffDriverTest : public test::actor_test {
protected:
  test::temp_folder folder;
  std::shared_ptr<test::fake_journal> store = std::make_shared<test::fake_journal>();
  std::shared_ptr<test::fake_engine> engine = std::make_shared<test::fake_engine>();
  std::shared_ptr<vault> keys = *crypto::open_vault(folder.path() / "master-keys");
  std::shared_ptr<kept_outputs> outputs = std::make_shared<kept_outputs>();
  journal_actor journal;
  engine_actor docker;
  gateway_actor gate;
  build_queue_actor queue;
  ingress_actor door;

  void SetUp() override {
    engine->set_autorun(true);
    journal = spawn(journal_writer, journal_writer_config{}, store);
    docker = spawn(engine_worker, engine, keys);
    start();
    start_deployment x;
    x.source.git = "https://example.org/shop.git";
    x.meta = {"ada", "deploy"};
    const auto accepted = tell<deployment_info>(app(), x);
    ASSERT_TRUE(accepted) << render(accepted.error());
    conclude_deployment done;
    done.id = accepted->id;
    done.state = deployment_state::succeeded;
    release made;
    made.number = 1;
    made.image = "registry/acme/shop@sha256:1";
    made.port = 3000;
    done.made = made;
    done.meta = {"ada", "done"};
    ASSERT_TRUE(tell<app_info>(app(), done));
    ASSERT_TRUE(engine->ensure_service([] {
      service_spec live;
      live.name = "acme-shop-v1";
      live.tenant = "acme";
      live.app = "shop";
      live.release = 1;
      live.image = "registry/acme/shop@sha256:1";
      return live;
    }()));
  }

  void start() {
    ingress_context paths;
    paths.journal = journal;
    paths.wakes = {path_kind::app};
    const auto handle = [](const auto& x) { return caf::actor_cast<caf::strong_actor_ptr>(x); };
    paths.kinds[path_kind::app] = [=, this](const ingress_actor& me, const auto& x) {
      app_context context{{}, journal, me, gate, docker, queue, {"localhost", ""}};
      return handle(system.spawn(backendim::app, context, x[0], x[1]));
    };
    paths.kinds[path_kind::quota] = [=, this](const ingress_actor&, const auto& x) {
      return handle(system.spawn(backendim::quota, durable_config{}, journal, queue, gate, x[0]));
    };
    paths.kinds[path_kind::task] = [=, this](const ingress_actor& me, const auto& x) {
      const auto keeper
        = [this](std::stop_token) -> output_actor { return system.spawn(test_keeper, outputs); };
      one_off_context context{{}, journal, me, gate, docker, keeper};
      return handle(system.spawn(one_off, context, x[0], x[1]));
    };
    door = system.spawn(ingress, paths);
    queue = system.spawn(
      build_queue, build_queue_config{}, [](std::stop_token) { return build_actor{}; }, door);
    gateway_context context{docker, door, std::make_shared<quiet_edge>(),
                            std::make_shared<good_prober>()};
    context.memory = std::make_shared<no_memory>();
    gate = system.spawn(gateway, context);
    scheduler.run();
  }

  /// What a restart of the platform ends.
  void stop() {
    auto reply = ask(door, list_actors{"", "", 1000});
    std::vector<caf::strong_actor_ptr> found;
    reply.receive(
      [&](const actor_list& all) {
        for (const auto& x : all.items)
          found.push_back(at(x.path));
      },
      [](const caf::error&) {});
    outputs->open.clear();
    self->send_exit(door, caf::exit_reason::user_shutdown);
    for (auto& x : found)
      self->send_exit(x, caf::exit_reason::user_shutdown);
    self->send_exit(gate, caf::exit_reason::user_shutdown);
    self->send_exit(queue, caf::exit_reason::user_shutdown);
    scheduler.run();
  }

  void restart() {
    stop();
    start();
    advance(1s);
  }

  void TearDown() override {
    stop();
    actor_test::TearDown();
  }

  caf::strong_actor_ptr at(const std::string& path) {
    auto reply = ask(door, resolve_path{path});
    caf::strong_actor_ptr result;
    reply.receive([&](caf::strong_actor_ptr& x) { result = x; }, [](const caf::error&) {});
    return result;
  }
  app_actor app() { return caf::actor_cast<app_actor>(at("app/acme/shop")); }

  template <class Reply, class Handle, class Message>
  caf::expected<Reply> tell(const Handle& whom, Message what) {
    auto reply = ask(whom, std::move(what));
    for (int i = 0; i < 50 && !reply_waits(); ++i)
      advance(100ms);
    caf::expected<Reply> result{caf::sec::request_timeout};
    if (reply_waits())
      reply.receive([&](Reply& x) { result = std::move(x); },
                    [&](caf::error& x) { result = std::move(x); });
    return result;
  }

  std::string run(const std::string& request, caf::optional<uint32_t> timeout = caf::none) {
    const auto made
      = tell<one_off_info>(app(), start_one_off{{"migrate"}, timeout, {"ada", request}});
    EXPECT_TRUE(made) << render(test::error_of(made));
    advance(500ms);
    return made ? made->id : "";
  }
  one_off_info info_of(const std::string& id) {
    const auto info = tell<one_off_info>(
      caf::actor_cast<one_off_actor>(at(task_path("acme", id).text)), get_one_off{});
    return info ? *info : one_off_info{};
  }
  static std::string service_of(const std::string& id) {
    auto result = "task-" + id;
    std::ranges::transform(result, result.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return result;
  }
  std::string container_of(const std::string& id) {
    const auto tasks = *engine->tasks(service_of(id));
    return tasks.empty() ? "" : tasks[0].container_id;
  }
  void end(const std::string& id, int code, bool memory = false) {
    const auto container = container_of(id);
    engine->die(container, code, memory);
    anon_send(gate, container_changed{service_of(id), container});
    scheduler.run();
  }
  /// Of what is read, and of what is read once more after the container's end.
  void output_ends() {
    for (int reading = 0; reading < 2; ++reading) {
      for (const auto& x : std::exchange(outputs->open, {}))
        anon_send(x, output_kept{""});
      scheduler.run();
    }
    advance(1s);
  }
  bool there(const std::string& id) {
    const auto all = *engine->services();
    return std::ranges::any_of(all, [&](const auto& x) { return x.name == service_of(id); });
  }
  size_t open() { return tell<app_tasks>(app(), get_app_tasks{})->one_offs.size(); }
};

TEST_F(OneOffDriverTest, RunsOnceAsTheReleaseDoesAndLeavesNothing) {
  const auto id = run("r1");
  EXPECT_EQ(info_of(id).state, one_off_state::running);
  const auto spec = engine->spec_of(service_of(id));
  EXPECT_TRUE(spec.once);
  EXPECT_EQ(spec.image, "registry/acme/shop@sha256:1");
  EXPECT_EQ(spec.command, std::vector<std::string>{"migrate"});
  ASSERT_EQ(outputs->asked.size(), 1u);
  EXPECT_EQ(outputs->asked[0].log, work_name("acme", id));
  EXPECT_EQ(outputs->asked[0].container, container_of(id));
  end(id, 3);
  EXPECT_EQ(info_of(id).state, one_off_state::running) << "its last words are still to come";
  output_ends();
  const auto info = info_of(id);
  EXPECT_EQ(info.state, one_off_state::exited);
  EXPECT_EQ(*info.exit_code, 3);
  EXPECT_FALSE(there(id));
  EXPECT_TRUE(engine->spec_of("acme-shop-v1").image.size() > 0) << "the app serves on";
  advance(1s); // its app hears of it
  const auto all = tell<app_tasks>(app(), get_app_tasks{});
  ASSERT_TRUE(all);
  EXPECT_EQ(all->one_offs.at(0).state, one_off_state::exited);
}

TEST_F(OneOffDriverTest, OutputIsReadOnceMoreAfterTheEnd) {
  const auto id = run("r1");
  ASSERT_EQ(outputs->asked.size(), 1u);
  end(id, 0);
  for (const auto& x : std::exchange(outputs->open, {}))
    anon_send(x, output_kept{""}); // as of a container that had not begun when it was asked for
  scheduler.run();
  EXPECT_EQ(info_of(id).state, one_off_state::running) << "that may have been too early";
  ASSERT_EQ(outputs->asked.size(), 2u);
  EXPECT_EQ(outputs->asked[1].container, outputs->asked[0].container);
  output_ends();
  EXPECT_EQ(info_of(id).state, one_off_state::exited);
}

TEST_F(OneOffDriverTest, OutputThatEndsBeforeTheContainerIsReadAgain) {
  const auto id = run("r1");
  for (const auto& x : std::exchange(outputs->open, {}))
    anon_send(x, output_kept{""});
  scheduler.run();
  advance(2s);
  EXPECT_EQ(outputs->asked.size(), 2u);
  end(id, 0);
  output_ends();
  EXPECT_EQ(info_of(id).state, one_off_state::exited);
}

TEST_F(OneOffDriverTest, LastWordsAreNotWaitedForForever) {
  const auto id = run("r1");
  end(id, 0);
  advance(30s);
  EXPECT_EQ(info_of(id).state, one_off_state::exited);
  EXPECT_FALSE(there(id));
}

TEST_F(OneOffDriverTest, OutOfMemoryIsTold) {
  const auto id = run("r1");
  end(id, 137, true);
  output_ends();
  EXPECT_TRUE(info_of(id).out_of_memory);
  EXPECT_EQ(*info_of(id).exit_code, 137);
}

TEST_F(OneOffDriverTest, CancelEndsItsContainerThenItself) {
  const auto id = run("r1");
  const auto task = caf::actor_cast<one_off_actor>(at(task_path("acme", id).text));
  const auto told = tell<one_off_info>(task, cancel_one_off{{"ada", "stop"}});
  ASSERT_TRUE(told);
  EXPECT_EQ(told->state, one_off_state::stopping);
  advance(1s);
  EXPECT_FALSE(there(id));
  output_ends();
  EXPECT_EQ(info_of(id).state, one_off_state::cancelled);
}

TEST_F(OneOffDriverTest, TheLimitIsThePlatforms) {
  const auto id = run("r1", 60u);
  advance(58s);
  EXPECT_EQ(info_of(id).state, one_off_state::running);
  advance(3s);
  output_ends();
  EXPECT_EQ(info_of(id).state, one_off_state::timed_out);
  EXPECT_FALSE(there(id));
}

TEST_F(OneOffDriverTest, AMissingCommandSaysSo) {
  engine->set_autorun(false);
  const auto id = run("r1");
  engine->reject(service_of(id), "exec: \"migrate\": executable file not found in $PATH");
  advance(3s);
  const auto info = info_of(id);
  EXPECT_EQ(info.state, one_off_state::failed);
  ASSERT_TRUE(info.error);
  EXPECT_EQ(info.error->code, cause::missing_binary);
  EXPECT_FALSE(there(id));
}

TEST_F(OneOffDriverTest, ARestartOfThePlatformCarriesOn) {
  const auto id = run("r1");
  const auto container = container_of(id);
  restart();
  EXPECT_EQ(info_of(id).state, one_off_state::running);
  EXPECT_EQ(container_of(id), container) << "it was not begun again";
  ASSERT_EQ(outputs->asked.size(), 2u) << "its output is kept again";
  end(id, 7);
  output_ends();
  EXPECT_EQ(*info_of(id).exit_code, 7);
  EXPECT_FALSE(there(id));
}

TEST_F(OneOffDriverTest, WhatEndedMeanwhileIsFound) {
  const auto id = run("r1");
  stop();
  engine->die(container_of(id), 4);
  start();
  advance(1s);
  output_ends();
  EXPECT_EQ(info_of(id).state, one_off_state::exited);
  EXPECT_EQ(*info_of(id).exit_code, 4);
  EXPECT_FALSE(there(id));
}

TEST_F(OneOffDriverTest, WhatVanishedMeanwhileIsNotRunAgain) {
  const auto id = run("r1");
  stop();
  ASSERT_TRUE(engine->remove_service(service_of(id)));
  start();
  advance(3s);
  const auto info = info_of(id);
  EXPECT_EQ(info.state, one_off_state::failed);
  EXPECT_FALSE(there(id));
}

TEST_F(OneOffDriverTest, WhatVanishesUnderOurEyesIsNotRunAgain) {
  const auto id = run("r1");
  ASSERT_TRUE(engine->remove_service(service_of(id)));
  anon_send(gate, container_changed{service_of(id), ""});
  advance(3s);
  EXPECT_EQ(info_of(id).state, one_off_state::failed);
  output_ends();
  EXPECT_FALSE(there(id));
}

TEST_F(OneOffDriverTest, ADestroyedAppEndsItsCommands) {
  const auto id = run("r1");
  ASSERT_TRUE(tell<app_removed>(app(), destroy_app{{"ada", "destroy"}}));
  advance(2s);
  output_ends();
  EXPECT_FALSE(there(id));
  EXPECT_EQ(info_of(id).state, one_off_state::cancelled);
}

TEST_F(OneOffDriverTest, AnEngineThatIsAwayIsWaitedFor) {
  engine->set_down(true);
  const auto id = run("r1");
  advance(5s);
  EXPECT_EQ(info_of(id).state, one_off_state::starting);
  engine->set_down(false);
  advance(3s);
  EXPECT_EQ(info_of(id).state, one_off_state::running);
}

TEST_F(OneOffDriverTest, AnEngineThatStaysAwayEndsIt) {
  engine->set_down(true);
  const auto id = run("r1");
  for (int i = 0; i < 140; ++i)
    advance(1s);
  const auto info = info_of(id);
  EXPECT_EQ(info.state, one_off_state::failed);
  ASSERT_TRUE(info.error);
  EXPECT_EQ(info.error->code, cause::engine_unavailable);
}

} // namespace
