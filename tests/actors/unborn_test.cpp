#include "tests/support/deploy_flow.hpp"

using namespace backendim;
using namespace std::chrono_literals;

namespace {

using UnbornTest = test::deploy_flow;

TEST_F(UnbornTest, AnAppThatDoesNotExistYetHasNotEnded) {
  caf::scoped_actor watcher{system};
  auto changes = watcher->request(caf::actor_cast<app_actor>(at("app/acme/shop")),
                                  test::request_deadline, get_changes{0});
  scheduler.run();
  EXPECT_FALSE(watcher->has_next_message()) << "further events will come";
  deploy("r1");
  ASSERT_TRUE(watcher->has_next_message());
  changes.receive(
    [](const stream_position& x) {
      EXPECT_GT(x.version, 0u);
      EXPECT_FALSE(x.ended);
    },
    [](const caf::error& why) { FAIL() << render(why); });
}

} // namespace
