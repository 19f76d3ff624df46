// Whoever was told of a deployment finds it.

#include "tests/support/deploy_flow.hpp"

#include <string>
#include <vector>

using namespace backendim;
using namespace std::chrono_literals;

namespace {

class AcceptedDeploymentTest : public test::deploy_flow {
protected:
  template <class Reply>
  void run_until_answered(Reply&) {
    while (!reply_waits() && !scheduler.jobs.empty())
      scheduler.run_once();
  }

  /// The id, as soon as the caller can know it: nothing that comes later has happened yet.
  std::string accept() {
    start_deployment x;
    x.source.git = "https://example.org/shop.git";
    x.meta = {"ada", "r1"};
    auto reply
      = self->request(caf::actor_cast<app_actor>(at("app/acme/shop")), test::request_deadline, x);
    run_until_answered(reply);
    const auto accepted = get_now<deployment_info>(reply);
    return accepted ? accepted->id : "";
  }
};

TEST_F(AcceptedDeploymentTest, IsThereWhileItsCreationIsBeingCommitted) {
  const auto id = accept();
  ASSERT_FALSE(id.empty());
  auto found
    = self->request(door, test::request_deadline, resolve_path{deployment_path("acme", id).text});
  run_until_answered(found);
  const auto where = get_now<caf::strong_actor_ptr>(found);
  ASSERT_TRUE(where && *where);
  const auto it = caf::actor_cast<deployment_actor>(*where);
  const auto look = [&] { return self->request(it, test::request_deadline, get_deployment{}); };
  std::vector<decltype(look())> all;
  for (int i = 0; i < 60 && !scheduler.jobs.empty(); ++i) {
    all.push_back(look());
    scheduler.run_once();
  }
  ASSERT_GT(all.size(), 10u);
  scheduler.run();
  advance(5s); // what is not there would be given up by now
  for (auto& reply : all) {
    const auto info = get_now<deployment_info>(reply);
    EXPECT_TRUE(info) << render(info.error());
  }
}

} // namespace
