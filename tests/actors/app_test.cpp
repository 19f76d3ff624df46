#include "actors/app.hpp"
#include "protocol/types.hpp"
#include "tests/support/error_of.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <map>
#include <set>
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
  caf::timestamp now{std::chrono::hours{1'000}};

  template <class Command>
  caf::error run(const Command& x) {
    auto events = decide(s, x, {now, "d" + std::to_string(ids + 1)});
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

TEST_F(AppTest, RollbackChoosesTheNewestThatWasNotTakenBack) {
  for (uint32_t i = 1; i <= 3; ++i) {
    run(deploy("r" + std::to_string(i)));
    auto x = ended("d" + std::to_string(ids), deployment_state::succeeded, i);
    x.made->watch = std::chrono::seconds{i == 3 ? 30 : 0};
    run(x);
  }
  EXPECT_EQ(s.standby->number, 2u);
  EXPECT_FALSE(run(revert_release{3, {cause::app_crashed, "it crashed", {}, ""}, {"", "v"}}));
  EXPECT_EQ(s.live->number, 2u);
  EXPECT_FALSE(s.standby);
  EXPECT_TRUE(s.retiring.contains(3));
  EXPECT_FALSE(run(rollback_app{caf::none, {"ada", "back"}}));
  EXPECT_EQ(s.open.begin()->second.source.release, 1u);
  EXPECT_EQ(answer(s, rollback_app{caf::none, {"ada", "back"}})->id, "d4");
  EXPECT_FALSE(run(rollback_app{caf::none, {"ada", "back"}})) << "a repeat is the same rollback";
  EXPECT_EQ(ids, 4);
  EXPECT_EQ(run(rollback_app{2, {"ada", "back"}}), ec::conflict) << "with other content it is not";
  EXPECT_EQ(run(rollback_app{9, {"ada", "far"}}), ec::not_found);
}

TEST_F(AppTest, OneReleaseHasNothingBeforeIt) {
  run(deploy("r1"));
  run(ended("d1", deployment_state::succeeded, 1));
  EXPECT_EQ(run(rollback_app{caf::none, {"ada", "back"}}), ec::conflict);
}

TEST_F(AppTest, DeployWhileWatchedLetsTheStandbyGo) {
  for (uint32_t i = 1; i <= 3; ++i) {
    run(deploy("r" + std::to_string(i)));
    auto x = ended("d" + std::to_string(ids), deployment_state::succeeded, i);
    x.made->watch = std::chrono::seconds{30};
    run(x);
  }
  EXPECT_EQ(s.live->number, 3u);
  EXPECT_EQ(s.standby->number, 2u);
  EXPECT_EQ(s.retiring, std::set<uint32_t>{1});
  run(end_watch{2, {"", "late"}});
  EXPECT_TRUE(s.standby) << "that was of an earlier one";
  run(end_watch{3, {"", "proven"}});
  EXPECT_EQ(s.retiring, (std::set<uint32_t>{1, 2}));
}

TEST_F(AppTest, ComparisonNamesWhatDiffers) {
  run(deploy("r1"));
  auto x = ended("d1", deployment_state::succeeded, 1);
  x.made->config.env = std::map<std::string, std::string>{{"A/B", "1"}, {"C", "2"}};
  x.made->image = "i@1";
  run(x);
  run(deploy("r2"));
  x = ended("d2", deployment_state::succeeded, 2);
  x.made->config.env = std::map<std::string, std::string>{{"C", "3"}};
  x.made->image = "i@1";
  run(x);
  const auto found = answer(s, compare_releases{1, 2});
  ASSERT_TRUE(found);
  ASSERT_EQ(found->items.size(), 2u);
  EXPECT_EQ(found->items[0],
            (changed_setting{"/config/env/A~1B", std::string{"\"1\""}, caf::none}));
  EXPECT_EQ(found->items[1],
            (changed_setting{"/config/env/C", std::string{"\"2\""}, std::string{"\"3\""}}));
  EXPECT_EQ(error_of(answer(s, compare_releases{1, 7})), ec::not_found);
}

TEST_F(AppTest, ScaleIsBoundedAndAReleaseStartsAStoppedApp) {
  scale_app x;
  x.replicas = 3;
  x.meta = {"ada", "s1"};
  EXPECT_EQ(run(x), ec::not_found);
  run(deploy("r1"));
  run(ended("d1", deployment_state::succeeded, 1));
  EXPECT_FALSE(run(x));
  EXPECT_EQ(wanted_replicas(s), 3u);
  x.replicas = 21;
  x.meta.request_id = "s2";
  EXPECT_EQ(run(x), ec::invalid_request);
  EXPECT_FALSE(run(stop_app{{"ada", "s3"}}));
  EXPECT_EQ(wanted_replicas(s), 0u);
  run(deploy("r2"));
  run(ended("d2", deployment_state::succeeded, 2));
  EXPECT_EQ(wanted_replicas(s), 3u);
}

TEST_F(AppTest, MaintenanceLastsThroughDeploymentsUntilItIsEnded) {
  set_maintenance x;
  x.on = true;
  x.message = "Moving house.";
  x.meta = {"ada", "m1"};
  EXPECT_EQ(run(x), ec::not_found);
  run(deploy("r1"));
  run(ended("d1", deployment_state::succeeded, 1));
  EXPECT_FALSE(answer(s, get_app{})->maintenance);
  EXPECT_FALSE(run(x));
  run(deploy("r2"));
  run(ended("d2", deployment_state::succeeded, 2));
  ASSERT_TRUE(answer(s, get_app{})->maintenance);
  EXPECT_EQ(*answer(s, get_app{})->maintenance, (app_maintenance{"Moving house.", "ada", now}));
  x.message = "Almost there.";
  EXPECT_EQ(run(x), ec::conflict) << "the same request id with other content";
  x.meta.request_id = "m2";
  EXPECT_FALSE(run(x));
  EXPECT_EQ(s.maintenance->message, "Almost there.");
  x.meta.request_id = "m3";
  x.message = std::string(1'001, 'x');
  EXPECT_EQ(run(x), ec::invalid_request);
  EXPECT_FALSE(run(set_maintenance{false, caf::none, {"bob", "m4"}}));
  EXPECT_FALSE(answer(s, get_app{})->maintenance);
  EXPECT_FALSE(run(set_maintenance{true, caf::none, {"bob", "m5"}}));
  run(destroy_app{{"ada", "x1"}});
  run(deploy("r3"));
  EXPECT_FALSE(s.maintenance) << "an app of the same name is another one";
}

/// What backend-im.yml may not say nobody may say in its place.
TEST_F(AppTest, SettingsThatDoNotFitAreRefusedWithTheirPlace) {
  const auto place = [&](const std::function<void(app_config&)>& set) {
    auto x = deploy("r1");
    x.config = app_config{};
    set(*x.config);
    const auto why = run(x);
    EXPECT_EQ(why, ec::invalid_request);
    return why ? why.context().get_as<decode_error>(0).pointer : std::string{};
  };
  EXPECT_EQ(place([](auto& x) { x.port = uint16_t{0}; }), "/config/port");
  EXPECT_EQ(place([](auto& x) {
              x.scaling = scaling_config{};
              x.scaling->min = 1'000u;
            }),
            "/config/scaling/min");
  EXPECT_EQ(place([](auto& x) { x.health_check = std::string{"health"}; }), "/config/health_check");
  EXPECT_EQ(place([](auto& x) { x.name = std::string{"shop-"}; }), "/config/name");
  EXPECT_EQ(place([](auto& x) { x.runtime = std::string{"cobol:85"}; }), "/config/runtime");
  EXPECT_EQ(place([](auto& x) {
              x.env = std::map<std::string, std::string>{{"PORT", "99999"}};
            }),
            "/config/env/PORT");
  EXPECT_EQ(place([](auto& x) {
              x.env = std::map<std::string, std::string>{{"1A", "x"}};
            }),
            "/config/env/1A");
  EXPECT_EQ(place([](auto& x) {
              x.deploy = deploy_config{};
              x.deploy->healthy_deadline = 100'000u;
            }),
            "/config/deploy/healthy_deadline");
}

TEST_F(AppTest, RulesThatDoNotFitAreRefusedWithTheirPlace) {
  auto x = deploy("r1");
  x.config = app_config{};
  x.config->edge = edge_rules{};
  x.config->edge->allow = std::vector<std::string>{"10.1.2.3/8"};
  const auto why = run(x);
  ASSERT_EQ(why, ec::invalid_request);
  const auto& problem = why.context().get_as<decode_error>(0);
  EXPECT_EQ(problem.pointer, "/config/edge/allow/0");
  EXPECT_EQ(problem.suggestion, "10.0.0.0/8");
  EXPECT_FALSE(s.exists);
  x.config->edge->allow = std::vector<std::string>{"10.0.0.0/8"};
  EXPECT_FALSE(run(x));
}

TEST_F(AppTest, ComparisonShowsWhatTheFrontDoorAsks) {
  for (uint32_t i = 1; i <= 2; ++i) {
    run(deploy("r" + std::to_string(i)));
    auto x = ended("d" + std::to_string(i), deployment_state::succeeded, i);
    x.made->config.edge = edge_rules{};
    x.made->config.edge->rate_limit = rate_limit_config{};
    x.made->config.edge->rate_limit->requests = 10 * i;
    run(x);
  }
  const auto found = answer(s, compare_releases{1, 2});
  ASSERT_TRUE(found);
  ASSERT_EQ(found->items.size(), 1u);
  EXPECT_EQ(found->items[0], (changed_setting{"/config/edge/rate_limit/requests", std::string{"10"},
                                              std::string{"20"}}));
}

TEST_F(AppTest, SameRequestIsTheSameDeployment) {
  EXPECT_FALSE(run(deploy("r1")));
  EXPECT_FALSE(run(deploy("r1")));
  EXPECT_EQ(ids, 1);
  EXPECT_EQ(answer(s, deploy("r1"))->id, "d1");
  EXPECT_EQ(answer(s, deploy("r1"))->created, now) << "no answer reads a clock";
  EXPECT_EQ(run(deploy("r1", "sha256:2")), ec::conflict);
}

TEST_F(AppTest, RequestsAreKnownForADay) {
  run(deploy("r1"));
  run(ended("d1", deployment_state::succeeded, 1));
  now += std::chrono::hours{23};
  for (int i = 0; i < 300; ++i) { // as a busy pipeline would
    run(deploy("busy" + std::to_string(i)));
    run(ended("d" + std::to_string(ids), deployment_state::succeeded, 1));
  }
  EXPECT_FALSE(run(deploy("r1")));
  EXPECT_EQ(answer(s, deploy("r1"))->id, "d1");
  EXPECT_EQ(run(deploy("r1", "sha256:2")), ec::conflict);
  now += std::chrono::hours{2};
  run(deploy("later"));
  EXPECT_FALSE(run(deploy("r1")));
  EXPECT_NE(answer(s, deploy("r1"))->id, "d1") << "a day is over: it is a new request";
}

TEST_F(AppTest, RepeatedDestroyLeavesTheNextAppAlone) {
  run(deploy("r1"));
  EXPECT_FALSE(run(destroy_app{{"ada", "x1"}}));
  run(deploy("r2"));
  EXPECT_FALSE(run(destroy_app{{"ada", "x1"}}));
  EXPECT_TRUE(s.exists);
  EXPECT_EQ(run(destroy_app{{"ada", "r2"}}), ec::conflict) << "that request did something else";
  EXPECT_EQ(run(deploy("x1")), ec::conflict);
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

TEST_F(AppTest, RetainsWhatItServesCanGoBackToAndIsMaking) {
  const auto has = [](const std::vector<std::string>& all, const std::string& x) {
    return std::ranges::find(all, x) != all.end();
  };
  for (uint32_t i = 1; i <= kept_releases + 2; ++i) {
    EXPECT_FALSE(run(deploy("r" + std::to_string(i), "sha256:" + std::to_string(i))));
    auto made = ended("d" + std::to_string(i), deployment_state::succeeded, i);
    made.made->image = "image" + std::to_string(i);
    made.made->deployment = made.id;
    EXPECT_TRUE(has(answer(s, get_retained{})->sources, "sha256:" + std::to_string(i)));
    EXPECT_TRUE(has(answer(s, get_retained{})->deployments, made.id));
    EXPECT_FALSE(run(made));
  }
  const auto kept = answer(s, get_retained{});
  ASSERT_TRUE(kept);
  EXPECT_TRUE(kept->sources.empty());
  EXPECT_TRUE(kept->deployments.empty());
  EXPECT_FALSE(has(kept->images, "image2"));
  EXPECT_TRUE(has(kept->images, "image3"));
  EXPECT_TRUE(has(kept->images, "image12"));
  EXPECT_TRUE(has(kept->released, "d12"));
  destroy_app destroy;
  destroy.meta = {"ada", "bye"};
  EXPECT_FALSE(run(destroy));
  EXPECT_TRUE(answer(s, get_retained{})->images.empty());
}

} // namespace
