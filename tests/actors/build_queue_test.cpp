#include "actors/build_queue.hpp"
#include "tests/support/actor_test.hpp"

#include <condition_variable>
#include <memory>
#include <mutex>

using namespace backendim;
using test::error_of;

namespace {

/// Builds until it is stopped.
class endless_builder : public image_builder {
public:
  caf::expected<std::string> build(const build_job&, const line_sink&,
                                   std::stop_token stop) override {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, stop, [] { return false; });
    return caf::make_error(ec::timed_out, "stopped");
  }
  caf::expected<std::string> push(const build_job&, const std::string&, const line_sink&,
                                  std::stop_token) override {
    return caf::make_error(ec::internal, "these tests push nothing");
  }
  caf::expected<caf::unit_t> clean(const build_job&) override { return caf::unit; }

private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
};

/// One slot, and builds that only end when they are stopped.
class BuildQueueTest : public test::actor_test {
protected:
  caf::scoped_actor directory{system};
  build_queue_actor queue = start();

  build_queue_actor start() {
    build_tools tools;
    tools.builder = std::make_shared<endless_builder>();
    return spawn(build_queue, build_queue_config{.build_slots = 1}, tools,
                 caf::actor_cast<ingress_actor>(directory));
  }

  static build_image job(const std::string& id) {
    build_image x{id, "acme", {}};
    x.plan.containerfile = "Dockerfile"; // so that none is generated
    return x;
  }
};

TEST_F(BuildQueueTest, GivesOneBuildTheOneSlot) {
  ask(queue, job("d1"));
  ask(queue, job("d2"));
  auto reply = ask(queue, get_build_queue{});
  build_queue_info info;
  reply.receive([&](build_queue_info& x) { info = std::move(x); }, [](const caf::error&) {});
  ASSERT_EQ(info.jobs.size(), 2u);
  EXPECT_TRUE(info.jobs[0].running);
  EXPECT_FALSE(info.jobs[1].running);
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
