#include "tests/support/exec_contract.hpp"
#include "tests/support/fake_engine.hpp"

#include <gtest/gtest.h>

using namespace backendim;
using test::app_conduct, test::EngineContract, test::error_of, test::fake_engine;

namespace {

class fake_world : public test::engine_world {
public:
  fake_world() { fake_->set_autorun(true); }

  std::shared_ptr<container_engine> engine() override { return fake_; }

  service_spec app(app_conduct conduct) override {
    service_spec result;
    result.image = "fake@sha256:0";
    result.command = {conduct == app_conduct::serve  ? "serve"
                      : conduct == app_conduct::talk ? "talk"
                      : conduct == app_conduct::once ? "once"
                                                     : "crash"};
    return result;
  }

  std::vector<std::string> command(const std::string& name) override { return {name}; }
  int sleepers(const std::string&) override { return fake_->commands(); }

  std::string add_image() override {
    image_info x;
    x.digests = {"registry/contract/app@sha256:1"};
    x.bytes = 1'000;
    x.made = std::chrono::system_clock::now();
    fake_->add_image(x);
    return x.digests[0];
  }

  void play(const std::string& service) override {
    const auto conduct = fake_->spec_of(service).command.at(0);
    const auto tasks = *fake_->tasks(service);
    for (const auto& x : tasks) {
      if (x.state != task_state::running)
        continue;
      if (conduct == "serve") {
        fake_->set_listening(x.container_id, {{"0.0.0.0", 8080}});
      } else if (conduct == "talk") {
        fake_->write_log(x.container_id, "one");
        fake_->write_log(x.container_id, "two");
      } else if (conduct == "once") {
        fake_->write_log(x.container_id, "good");
        fake_->write_log(x.container_id, "bad", output_stream::err);
        fake_->die(x.container_id, 3);
      } else {
        fake_->die(x.container_id, 3);
      }
    }
  }

private:
  std::shared_ptr<fake_engine> fake_ = std::make_shared<fake_engine>();
};

std::unique_ptr<test::engine_world> make_world() {
  return std::make_unique<fake_world>();
}

constexpr test::engine_case cases[] = {{"fake", make_world}};

INSTANTIATE_TEST_SUITE_P(Fake, EngineContract, ::testing::ValuesIn(cases));

/// What a test can make the fake do.
class FakeEngineTest : public ::testing::Test {
protected:
  fake_engine engine;

  void SetUp() override {
    service_spec spec;
    spec.name = "acme-shop-v1";
    spec.tenant = "acme";
    spec.image = "fake@sha256:0";
    ASSERT_TRUE(engine.ensure_service(spec));
  }
  task_info newest() { return engine.tasks("acme-shop-v1")->at(0); }
};

TEST_F(FakeEngineTest, TasksWaitForTheTest) {
  EXPECT_EQ(newest().state, task_state::pending);
  const auto container = engine.run("acme-shop-v1", "172.18.0.3");
  EXPECT_EQ(newest().state, task_state::running);
  EXPECT_EQ(newest().address, "172.18.0.3");
  EXPECT_EQ(newest().container_id, container);
  EXPECT_EQ(engine.run("acme-shop-v1"), "") << "no further task is pending";
}

TEST_F(FakeEngineTest, AKilledTaskSaysWhy) {
  engine.die(engine.run("acme-shop-v1"), 137, true);
  const auto tasks = *engine.tasks("acme-shop-v1");
  ASSERT_EQ(tasks.size(), 2u);
  EXPECT_EQ(tasks[0].state, task_state::pending);
  EXPECT_EQ(tasks[1].state, task_state::failed);
  EXPECT_EQ(tasks[1].exit_code, 137);
  EXPECT_TRUE(tasks[1].out_of_memory);
}

TEST_F(FakeEngineTest, ARejectedTaskHasNoContainer) {
  engine.reject("acme-shop-v1", "No such image");
  const auto tasks = *engine.tasks("acme-shop-v1");
  ASSERT_EQ(tasks.size(), 2u);
  EXPECT_EQ(tasks[1].message, "No such image");
  EXPECT_EQ(tasks[1].container_id, "");
}

TEST_F(FakeEngineTest, AnEngineThatIsDownFailsEveryCall) {
  engine.set_down(true);
  EXPECT_EQ(error_of(engine.info()), ec::unavailable);
  EXPECT_EQ(error_of(engine.tasks("acme-shop-v1")), ec::unavailable);
  EXPECT_EQ(failure_of(error_of(engine.services())).code, cause::engine_unavailable);
  engine.set_down(false);
  EXPECT_EQ(engine.services()->size(), 1u);
}

} // namespace
