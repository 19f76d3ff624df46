#include "actors/app.hpp"
#include "protocol/types.hpp"
#include "tests/support/error_of.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

using namespace backendim;
using test::error_of;

namespace {

class AppSecretsTest : public ::testing::Test {
protected:
  app_state s = [] {
    app_state x;
    x.tenant = "acme";
    x.app = "shop";
    return x;
  }();
  int requests = 0;

  template <class Command>
  caf::error run(const Command& x) {
    auto events = decide(s, x, {caf::timestamp{std::chrono::hours{1'000}}, "d1"});
    if (!events)
      return events.error();
    for (const auto& event : *events)
      std::visit([&](const auto& e) { apply(s, e); }, event);
    return {};
  }

  change_secrets set(const std::string& name, const std::string& sealed) {
    change_secrets x;
    x.set = {{name, sealed}};
    x.fingerprint = name + sealed;
    x.meta = {"ada", "s" + std::to_string(++requests)};
    return x;
  }
  change_secrets unset(const std::string& name) {
    change_secrets x;
    x.unset = {name};
    x.fingerprint = "unset " + name;
    x.meta = {"ada", "u" + std::to_string(++requests)};
    return x;
  }
  secret_info only() {
    const auto all = answer(s, get_secrets{});
    return all && all->items.size() == 1 ? all->items[0] : secret_info{};
  }
  /// A release that uses what is set now goes live.
  void release_all() {
    release made;
    made.number = ++s.last_number;
    made.secrets = current_secrets(s.secrets);
    s.live = made;
    s.releases.push_back(made);
  }
};

TEST_F(AppSecretsTest, SettingMakesTheAppAndVersionsCount) {
  EXPECT_EQ(error_of(answer(s, get_secrets{})), ec::not_found);
  EXPECT_FALSE(run(set("TOKEN", "a")));
  EXPECT_TRUE(s.exists);
  EXPECT_EQ(only().version, 1u);
  EXPECT_EQ(only().who, "ada");
  EXPECT_EQ(only().live, 0u);
  release_all();
  EXPECT_FALSE(run(set("TOKEN", "b")));
  EXPECT_EQ(only().version, 2u);
  EXPECT_EQ(only().live, 1u) << "what serves stays as it is";
}

TEST_F(AppSecretsTest, AVersionIsNeverUsedTwice) {
  EXPECT_FALSE(run(set("TOKEN", "a")));
  EXPECT_FALSE(run(unset("TOKEN")));
  EXPECT_TRUE(answer(s, get_secrets{})->items.empty());
  EXPECT_TRUE(current_secrets(s.secrets).empty());
  EXPECT_FALSE(run(set("TOKEN", "b")));
  EXPECT_EQ(only().version, 2u);
}

TEST_F(AppSecretsTest, ARepeatChangesNothingAndOtherContentClashes) {
  auto first = set("TOKEN", "a");
  EXPECT_FALSE(run(first));
  first.set[0].sealed = "the same value sealed again";
  EXPECT_FALSE(run(first));
  EXPECT_EQ(only().version, 1u);
  first.fingerprint = "another";
  EXPECT_EQ(run(first), ec::conflict);
  EXPECT_EQ(run(destroy_app{first.meta}), ec::conflict);
}

TEST_F(AppSecretsTest, WhatIsNotThereCannotBeUnsetOrRenewed) {
  EXPECT_EQ(run(unset("TOKEN")), ec::not_found);
  auto renewed = set("TOKEN", "a");
  std::swap(renewed.set, renewed.renew);
  EXPECT_EQ(run(renewed), ec::not_found);
  EXPECT_FALSE(s.exists);
  EXPECT_FALSE(run(set("TOKEN", "a")));
  EXPECT_FALSE(run(renewed));
  EXPECT_EQ(only().version, 2u);
  EXPECT_EQ(run(set("no name", "a")), ec::invalid_request);
}

TEST_F(AppSecretsTest, AnAppHasNoMoreThanItMay) {
  for (size_t i = 0; i < max_secrets; ++i)
    ASSERT_FALSE(run(set("S" + std::to_string(i), "x")));
  EXPECT_EQ(run(set("ONE_MORE", "x")), ec::over_quota);
  EXPECT_EQ(run(set("S0", std::string(max_sealed_bytes, 'x'))), ec::over_quota);
  EXPECT_FALSE(run(set("S0", "y"))) << "what is there may change";
}

TEST_F(AppSecretsTest, DestroyingForgetsThem) {
  EXPECT_FALSE(run(set("TOKEN", "a")));
  EXPECT_FALSE(run(destroy_app{{"ada", "d"}}));
  EXPECT_TRUE(s.secrets.empty());
}

TEST_F(AppSecretsTest, ANewMasterKeyReplacesEverySealThatIsKept) {
  EXPECT_FALSE(run(set("TOKEN", "old-1")));
  release_all();
  EXPECT_FALSE(run(set("TOKEN", "old-2")));
  EXPECT_EQ(answer(s, get_sealed_secrets{})->items.size(), 2u);
  const replace_seals change{{{"old-1", "new-1"}, {"old-2", "new-2"}, {"never", "x"}},
                             {"op", "master-key-2"}};
  EXPECT_FALSE(run(change));
  EXPECT_EQ(s.live->secrets[0].sealed, "new-1");
  EXPECT_EQ(s.releases[0].secrets[0].sealed, "new-1");
  EXPECT_EQ(current_secrets(s.secrets)[0].sealed, "new-2");
  EXPECT_TRUE(decide(s, change, {})->empty()) << "a repeat changes nothing";
}

TEST_F(AppSecretsTest, ReadersSeeVersionsOnly) {
  EXPECT_FALSE(run(set("TOKEN", "sealed-text")));
  release_all();
  const auto info = *answer(s, get_app{});
  ASSERT_EQ(info.live->secrets.size(), 1u);
  EXPECT_EQ(info.live->secrets[0].version, 1u);
  EXPECT_EQ(info.live->secrets[0].sealed, "");
  EXPECT_EQ(s.live->secrets[0].sealed, "sealed-text");
}

TEST_F(AppSecretsTest, ReadersOfReleasesSeeVersionsAndNoSeal) {
  run(set("TOKEN", "a"));
  release_all();
  run(set("TOKEN", "b"));
  release_all();
  const auto list = answer(s, get_releases{});
  ASSERT_TRUE(list);
  ASSERT_EQ(list->items.size(), 2u);
  for (const auto& x : list->items) {
    EXPECT_EQ(x.secrets.at(0).version, x.number);
    EXPECT_TRUE(x.secrets.at(0).sealed.empty());
  }
  const auto difference = answer(s, compare_releases{1, 2});
  ASSERT_TRUE(difference);
  ASSERT_EQ(difference->items.size(), 1u);
  EXPECT_EQ(difference->items[0], (changed_setting{"/secrets/TOKEN", std::string{"1"}, //
                                                   std::string{"2"}}));
}

} // namespace
