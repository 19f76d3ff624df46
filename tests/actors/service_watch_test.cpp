// What a service's watch believes becomes true again by itself, whatever fails meanwhile.

#include "actors/engine_worker.hpp"
#include "actors/service_watch.hpp"
#include "tests/support/actor_test.hpp"
#include "tests/support/deploy_flow.hpp"

#include <memory>
#include <string>

using namespace backendim;
using namespace std::chrono_literals;

namespace {

class ServiceWatchTest : public test::actor_test {
protected:
  test::temp_folder key_folder;
  std::shared_ptr<vault> keys = *crypto::open_vault(key_folder.path() / "master-keys");
  std::shared_ptr<test::fake_engine> engine = std::make_shared<test::fake_engine>();
  engine_actor worker = spawn(engine_worker, engine, keys);
  caf::scoped_actor gate{system};

  service_actor watch_service(std::vector<std::string> ready = {}) {
    engine->set_autorun(true);
    service_spec spec;
    spec.name = "s";
    spec.image = "i";
    EXPECT_TRUE(engine->ensure_service(spec));
    return spawn(service_watch, std::string{"s"}, worker, std::make_shared<test::scripted_prober>(),
                 caf::actor_cast<caf::typed_actor<caf::reacts_to<upstreams_changed>>>(gate),
                 std::move(ready));
  }

  service_report look(const service_actor& watch) {
    service_report result;
    auto reply = ask(watch, get_service{});
    reply.receive([&](service_report& x) { result = std::move(x); },
                  [](const caf::error& why) { FAIL() << render(why); });
    return result;
  }

  size_t told() {
    size_t result = 0;
    while (gate->has_next_message())
      gate->receive([&](const upstreams_changed&) { ++result; });
    return result;
  }
};

/// The engine is silent just when there is news, and nobody tells them twice.
TEST_F(ServiceWatchTest, AListingThatFailedIsRepeated) {
  const auto watch = watch_service();
  await_release wanted;
  wanted.service = "s";
  wanted.port = 3000;
  auto ready = ask(watch, wanted);
  for (int i = 0; i < 20; ++i)
    advance(200ms);
  ASSERT_TRUE(reply_waits());
  ready.receive([](const release_ready&) {}, [](const caf::error& why) { FAIL() << render(why); });
  engine->die(engine->tasks("s")->at(0).container_id, 1);
  engine->set_down(true);
  self->send(watch, container_changed{"s", ""});
  for (int i = 0; i < 120; ++i)
    advance(1s); // two minutes
  engine->set_down(false);
  for (int i = 0; i < 10; ++i)
    advance(1s);
  EXPECT_EQ(look(watch).tasks.size(), 2u) << "it still believes in the task that died";
  EXPECT_EQ(look(watch).ready.size(), 1u);
}

TEST_F(ServiceWatchTest, WhatTheOneBeforeFoundReadyIsReadyWhileItRuns) {
  const auto watch = watch_service({"127.0.0.1"});
  EXPECT_EQ(look(watch).ready, (std::vector<std::string>{"127.0.0.1"}));
  EXPECT_EQ(told(), 0u) << "that is no news";
}

TEST_F(ServiceWatchTest, WhatTheOneBeforeFoundReadyAndIsGoneIsTold) {
  const auto watch = watch_service({"10.1.2.3"});
  EXPECT_TRUE(look(watch).ready.empty());
  EXPECT_EQ(told(), 1u);
}

using ServiceWatchFlowTest = test::deploy_flow;

TEST_F(ServiceWatchFlowTest, AWatchThatDiedIsReplaced) {
  end_of(deploy("r1"));
  self->send_exit(at("service/acme/acme-shop-v1"), caf::exit_reason::unhandled_exception);
  scheduler.run();
  engine->die(engine->tasks("acme-shop-v1")->at(0).container_id, 1); // another takes its place
  self->send(gate, container_changed{"acme-shop-v1", ""});
  for (int i = 0; i < 10; ++i)
    advance(1s);
  EXPECT_TRUE(at("service/acme/acme-shop-v1"));
  auto reply = ask(caf::actor_cast<service_actor>(at("service/acme/acme-shop-v1")), get_service{});
  const auto report = get_soon<service_report>(reply);
  ASSERT_TRUE(report) << render(report.error());
  EXPECT_EQ(report->tasks.size(), 2u);
  EXPECT_EQ(report->ready.size(), 1u);
  EXPECT_EQ(upstreams(), 1u);
}

TEST_F(ServiceWatchFlowTest, AnAppServesOnWhileItsWatchIsReplacedAndSoDoesTheNextOne) {
  end_of(deploy("r1"));
  for (int failure = 0; failure < 3; ++failure) {
    const auto watch = at("service/acme/acme-shop-v1");
    ASSERT_TRUE(watch) << failure;
    self->send_exit(watch, caf::exit_reason::unhandled_exception);
    for (int i = 0; i < 30; ++i) {
      advance(100ms);
      ASSERT_EQ(upstreams(), 1u) << failure << ' ' << i;
    }
  }
  EXPECT_EQ(end_of(deploy("r2")).state, deployment_state::succeeded);
}

} // namespace
