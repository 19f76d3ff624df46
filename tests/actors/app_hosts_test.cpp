#include "actors/app.hpp"
#include "actors/app_hosts.hpp"
#include "actors/domains.hpp"
#include "protocol/types.hpp"
#include "tests/support/error_of.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <string>

using namespace backendim;
using namespace std::chrono_literals;
using test::error_of;

namespace {

const std::string zone = "apps.test";

size_t label_length(const std::string& host) {
  return host.find('.');
}

class AppHostsTest : public ::testing::Test {
protected:
  domains_data s;
  size_t kept = 0; ///< Events.

  template <class Command>
  caf::error run(const Command& x) {
    auto events = decide(s, x, {caf::timestamp{2'000h}, "id"});
    if (!events)
      return events.error();
    kept += events->size();
    for (const auto& event : *events)
      std::visit([&](const auto& e) { apply(s, e); }, event);
    return {};
  }
  std::string claim(const std::string& tenant, const std::string& app,
                    const std::string& domain = zone) {
    const claim_host wish{tenant, app, domain, {"", "host"}};
    EXPECT_FALSE(run(wish));
    const auto own = answer(s, wish);
    return own ? own->host : render(own.error());
  }
  void destroy(const std::string& tenant, const std::string& app) {
    EXPECT_FALSE(run(keep_domains{tenant, app, caf::none, {"", "destroyed"}}));
  }
  /// *app* of *tenant* owns *domain*.
  caf::error own(const std::string& tenant, const std::string& app, const std::string& domain) {
    const caf::timestamp born{1'000h};
    if (auto why = run(claim_domain{domain, tenant, app, born, "t", {tenant, "c"}}))
      return why;
    return run(prove_domain{domain, tenant, app, "t", domain_proof::txt, {tenant, "p"}});
  }
};

TEST_F(AppHostsTest, TheFirstWhoAsksHasItAndTheNextGetsAnother) {
  EXPECT_EQ(claim("a-b", "x"), "x-a-b.apps.test");
  const auto other = claim("b", "x-a");
  EXPECT_NE(other, "x-a-b.apps.test");
  EXPECT_TRUE(other.starts_with("x-a-b-")) << other;
  EXPECT_TRUE(is_host_of(other, zone));
  EXPECT_EQ(s.hosts.size(), 2u);
}

TEST_F(AppHostsTest, WhoHasOneKeepsIt) {
  const auto first = claim("a-b", "x"), second = claim("b", "x-a");
  const auto events = kept;
  EXPECT_EQ(claim("b", "x-a"), second);
  EXPECT_EQ(claim("a-b", "x"), first);
  EXPECT_EQ(kept, events) << "nothing new";
  destroy("a-b", "x");
  EXPECT_EQ(claim("b", "x-a"), second) << "though the first one is free";
}

TEST_F(AppHostsTest, WhatWasAnAppsIsFreeWhenItIsGone) {
  claim("a-b", "x");
  const auto second = claim("b", "x-a");
  destroy("b", "x-a");
  EXPECT_EQ(claim("b", "x-a"), second) << "the same again";
  destroy("a-b", "x");
  destroy("b", "x-a");
  EXPECT_TRUE(s.hosts.empty());
  EXPECT_TRUE(s.own_host.empty());
  EXPECT_EQ(claim("b", "x-a"), "x-a-b.apps.test");
}

TEST_F(AppHostsTest, AnAppThatIsThereKeepsItsHost) {
  const auto host = claim("acme", "shop");
  EXPECT_FALSE(run(keep_domains{"acme", "shop", caf::timestamp{1'000h}, {"", "created"}}));
  EXPECT_EQ(claim("acme", "shop"), host);
}

TEST_F(AppHostsTest, NoLabelIsLongerThanNameServersTake) {
  const std::string app = "shop-" + std::string(35, 'a'), tenant(40, 't');
  const auto host = claim(tenant, app);
  EXPECT_LE(label_length(host), 63u) << host;
  EXPECT_TRUE(host.starts_with(app + "-")) << host;
  std::set<std::string> others{host};
  for (const auto* end : {"a", "b", "c"})
    others.insert(claim(tenant + end, app)); // alike in all that is shown
  EXPECT_EQ(others.size(), 4u);
  for (const auto& x : others)
    EXPECT_LE(label_length(x), 63u) << x;
  const std::string longest(63 - 2 - 3, 'a');
  EXPECT_EQ(plain_label("b-c", longest + "a").size(), 63u) << "the most there may be";
  EXPECT_EQ(plain_label("b-c", longest + "aa"), "");
}

TEST_F(AppHostsTest, AShortenedLabelHasNoDashesInARow) {
  const auto label = marked_label("tenant", std::string(55, 'a') + "-b", 0);
  EXPECT_EQ(label.find("--"), label.npos) << label;
  EXPECT_LE(label.size(), 63u);
}

/// A mark of one app may be the other's name.
TEST_F(AppHostsTest, NamesThatLookMarkedTakeNothing) {
  const auto mark = marked_label("b", "x-a", 0).substr(6); // behind "x-a-b-"
  EXPECT_EQ(claim(mark, "x-a-b"), "x-a-b-" + mark + ".apps.test");
  EXPECT_EQ(claim("a-b", "x"), "x-a-b.apps.test");
  const auto host = claim("b", "x-a");
  EXPECT_EQ(s.hosts.size(), 3u);
  EXPECT_TRUE(host.starts_with("x-a-b-")) << host;
  EXPECT_NE(host, "x-a-b-" + mark + ".apps.test");
}

TEST_F(AppHostsTest, AHostIsNobodysDomain) {
  const auto host = claim("acme", "shop");
  const auto why = own("evil", "trap", host);
  ASSERT_EQ(why, ec::conflict);
  EXPECT_EQ(render(why).find("acme "), std::string::npos) << "whose it is, is not said";
  EXPECT_EQ(own("acme", "shop", host), ec::conflict) << "not even its own app's";
}

/// It was proved when the platform was called otherwise.
TEST_F(AppHostsTest, ADomainIsNobodysHost) {
  EXPECT_FALSE(own("evil", "trap", "shop-acme.apps.test"));
  const auto host = claim("acme", "shop");
  EXPECT_NE(host, "shop-acme.apps.test");
  EXPECT_TRUE(host.starts_with("shop-acme-")) << host;
}

TEST_F(AppHostsTest, AClaimThatWasProvedTooLateIsNot) {
  const caf::timestamp born{1'000h};
  EXPECT_FALSE(run(claim_domain{"shop-acme.apps.test", "evil", "trap", born, "t", {"evil", "c"}}));
  EXPECT_EQ(claim("acme", "shop"), "shop-acme.apps.test") << "wanting is not having";
  EXPECT_EQ(
    run(prove_domain{"shop-acme.apps.test", "evil", "trap", "t", domain_proof::txt, {"evil", "p"}}),
    ec::conflict);
}

TEST_F(AppHostsTest, APlatformWithAnotherNameHasOtherHosts) {
  claim("acme", "shop");
  EXPECT_EQ(claim("acme", "shop", "new.test"), "shop-acme.new.test");
  EXPECT_EQ(s.hosts.size(), 1u) << "the one before is free";
  EXPECT_EQ(claim("acme", "shop", "apps.new.test"), "shop-acme.apps.new.test");
  EXPECT_EQ(claim("acme", "shop", "new.test"), "shop-acme.new.test");
}

/// Whatever happens in whatever order, a host is one app's, and the two indexes agree.
TEST_F(AppHostsTest, NoOrderOfCommandsGivesAHostToTwo) {
  const std::vector<std::pair<std::string, std::string>> apps{
    {"a-b", "x"}, {"b", "x-a"}, {"c", "x"}, {std::string(40, 't'), std::string(40, 'a')}};
  unsigned random = 7;
  for (int i = 0; i != 2'000; ++i) {
    random = random * 1'103'515'245 + 12'345;
    const auto& [tenant, app] = apps[(random >> 16) % apps.size()];
    if ((random >> 24) % 3 == 0)
      destroy(tenant, app);
    else
      claim(tenant, app);
    EXPECT_EQ(s.hosts.size(), s.own_host.size());
    for (const auto& [key, host] : s.own_host)
      EXPECT_EQ(s.hosts.at(host), key) << i;
  }
}

TEST(AppHostTest, AnAppRemembersItsHostUntilItIsDestroyed) {
  app_state s;
  s.tenant = "acme";
  s.app = "shop";
  const note_host news{"shop-acme.apps.test", "https://shop-acme.apps.test", {"", "host"}};
  const auto first = decide(s, news, moment{});
  ASSERT_TRUE(first && first->size() == 1u);
  std::visit([&](const auto& e) { apply(s, e); }, first->front());
  EXPECT_TRUE(decide(s, news, moment{})->empty()) << "known";
  start_deployment x;
  x.source.git = "https://example.org/shop.git";
  x.meta = {"ada", "r1"};
  const auto accepted = decide(s, x, {caf::timestamp{1'000h}, "d1"});
  ASSERT_TRUE(accepted);
  for (const auto& event : *accepted)
    std::visit([&](const auto& e) { apply(s, e); }, event);
  EXPECT_EQ(answer(s, get_app{})->url, news.url);
  EXPECT_EQ(answer(s, x)->url, news.url);
  apply(s, app_destroyed{"x", caf::timestamp{1'001h}});
  EXPECT_EQ(s.host, "");
}

} // namespace
