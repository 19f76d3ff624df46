// When the journal takes events again, everybody hears of what ended meanwhile.

#include "tests/support/deploy_flow.hpp"
#include "tests/support/fussy_journal.hpp"

#include <memory>

using namespace backendim;
using namespace std::chrono_literals;

namespace {

class FullDiskTest : public test::deploy_flow {
protected:
  std::shared_ptr<test::fussy_journal> disk = std::make_shared<test::fussy_journal>();

  void SetUp() override {
    store = disk;
    deploy_flow::SetUp();
  }
};

/// By then the deployment has long been idle, and would sleep if nobody waited for it.
TEST_F(FullDiskTest, AnAppHearsOfItsDeploymentWhenThereIsRoomAgain) {
  front->hidden = make_failure(ec::unavailable, {cause::route_missing, "Traefik is away", {}, ""});
  const auto id = deploy("r1");
  for (int i = 0; i < 100 && upstreams() == 0; ++i)
    advance(100ms);
  ASSERT_EQ(state_of(id).state, deployment_state::verifying);
  disk->refused = "app/";
  front->hidden = {};
  for (int i = 0; i < 600; ++i)
    advance(200ms);
  disk->refused.reset();
  for (int i = 0; i < 600; ++i)
    advance(200ms);
  EXPECT_EQ(state_of(id).state, deployment_state::succeeded);
  auto reply = ask(caf::actor_cast<app_actor>(at("app/acme/shop")), get_app{});
  const auto info = get_soon<app_info>(reply);
  ASSERT_TRUE(info);
  EXPECT_FALSE(info->deploying) << "nobody tells it any more";
  EXPECT_TRUE(info->live);
}

} // namespace
