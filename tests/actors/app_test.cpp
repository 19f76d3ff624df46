#include "actors/app.hpp"
#include "protocol/types.hpp"
#include "tests/support/error_of.hpp"

#include <gtest/gtest.h>

#include <string>

using namespace backendim;
using test::error_of;

namespace {

class AppTest : public ::testing::Test {
protected:
  app_state s = [] {
    app_state x;
    x.tenant = "acme";
    x.app = "shop";
    x.url = "http://shop-acme.localhost:8080";
    return x;
  }();
  int ids = 0;

  template <class Command>
  caf::error run(const Command& x) {
    auto events = decide(s, x, {caf::timestamp{}, "d" + std::to_string(ids + 1)});
    if (!events)
      return events.error();
    for (const auto& event : *events) {
      ids += std::holds_alternative<deployment_accepted>(event);
      std::visit([&](const auto& e) { apply(s, e); }, event);
    }
    return {};
  }

  static start_deployment deploy(const std::string& request, const std::string& blob = "sha256:1") {
    start_deployment x;
    x.source.blob = blob;
    x.meta = {"ada", request};
    return x;
  }

  static conclude_deployment ended(const std::string& id, deployment_state how,
                                   uint32_t number = 0) {
    conclude_deployment x;
    x.id = id;
    x.state = how;
    if (how == deployment_state::succeeded) {
      release made;
      made.number = number;
      x.made = made;
    }
    return x;
  }
};

TEST_F(AppTest, FirstDeploymentMakesTheApp) {
  EXPECT_EQ(error_of(answer(s, get_app{})), ec::not_found);
  EXPECT_FALSE(run(deploy("r1")));
  auto info = answer(s, get_app{});
  ASSERT_TRUE(info);
  EXPECT_EQ(info->deploying, std::string{"d1"});
  EXPECT_FALSE(info->live);
  EXPECT_FALSE(run(ended("d1", deployment_state::succeeded, 1)));
  EXPECT_EQ(answer(s, get_app{})->live->number, 1u);
  EXPECT_FALSE(answer(s, get_app{})->deploying);
}

TEST_F(AppTest, SameRequestIsTheSameDeployment) {
  EXPECT_FALSE(run(deploy("r1")));
  EXPECT_FALSE(run(deploy("r1")));
  EXPECT_EQ(ids, 1);
  EXPECT_EQ(answer(s, deploy("r1"))->id, "d1");
  EXPECT_EQ(run(deploy("r1", "sha256:2")), ec::conflict);
}

TEST_F(AppTest, LaterDeploymentWins) {
  run(deploy("r1"));
  run(deploy("r2"));
  run(deploy("r3"));
  EXPECT_EQ(s.deploying, "d1");
  EXPECT_EQ(s.queued, "d3");
  EXPECT_TRUE(s.superseded.contains("d2"));
  run(ended("d2", deployment_state::superseded));
  run(ended("d1", deployment_state::succeeded, 1));
  EXPECT_EQ(s.deploying, "d3");
  EXPECT_EQ(s.queued, std::nullopt);
  run(ended("d3", deployment_state::succeeded, 3));
  EXPECT_EQ(s.live->number, 3u);
  EXPECT_TRUE(s.retiring.contains(1));
}

TEST_F(AppTest, FailureLeavesTheLiveReleaseServing) {
  run(deploy("r1"));
  run(ended("d1", deployment_state::succeeded, 1));
  run(deploy("r2"));
  auto broken = ended("d2", deployment_state::failed);
  broken.error = failure{cause::app_crashed, "it crashed", {}, ""};
  run(broken);
  EXPECT_EQ(s.live->number, 1u);
  EXPECT_FALSE(s.retiring.contains(1));
  EXPECT_TRUE(s.retiring.contains(2)) << "what the failed release started has to go";
  run(conclude_retirement{2, {}});
  EXPECT_TRUE(s.retiring.empty());
}

TEST_F(AppTest, ConcludingTwiceChangesNothing) {
  run(deploy("r1"));
  run(ended("d1", deployment_state::succeeded, 1));
  const auto before = s.releases.size();
  EXPECT_FALSE(run(ended("d1", deployment_state::succeeded, 1)));
  EXPECT_EQ(s.releases.size(), before);
}

TEST_F(AppTest, DestroyRetiresAllAndNumbersGoOn) {
  run(deploy("r1"));
  run(ended("d1", deployment_state::succeeded, 1));
  run(deploy("r2"));
  EXPECT_FALSE(run(destroy_app{{"ada", "x1"}}));
  EXPECT_EQ(error_of(answer(s, get_app{})), ec::not_found);
  EXPECT_TRUE(s.retiring.contains(1));
  EXPECT_FALSE(run(destroy_app{{"ada", "x1"}})) << "the same request again";
  EXPECT_EQ(run(destroy_app{{"ada", "x2"}}), ec::not_found);
  run(ended("d2", deployment_state::cancelled));
  run(deploy("r3"));
  EXPECT_EQ(s.last_number, 3u) << "a number names a service only once";
}

TEST_F(AppTest, SourceIsOneOfBlobAndGit) {
  auto neither = deploy("r1");
  neither.source.blob = caf::none;
  EXPECT_EQ(run(neither), ec::invalid_request);
  auto both = deploy("r2");
  both.source.git = "https://example.org/x.git";
  EXPECT_EQ(run(both), ec::invalid_request);
  EXPECT_FALSE(s.exists);
}

TEST(NameTest, AcceptsWhatCanBeAHostLabel) {
  for (const auto* good : {"a", "shop", "shop-2", "a1b2"})
    EXPECT_TRUE(is_name(good)) << good;
  for (const auto* bad : {"", "Shop", "2shop", "-shop", "shop-", "a_b", "a/b", "a.b", "ä",
                          "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"})
    EXPECT_FALSE(is_name(bad)) << bad;
}

} // namespace
