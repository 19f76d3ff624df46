#include "actors/domains.hpp"
#include "protocol/types.hpp"
#include "tests/support/error_of.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

using namespace backendim;
using namespace std::chrono_literals;
using test::error_of;

namespace {

const std::string name = "shop.example.com";

class DomainsTest : public ::testing::Test {
protected:
  domains_data s;
  const caf::timestamp born{1'000h};
  int tokens = 0;
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

  caf::error claim(const std::string& tenant, const std::string& app,
                   const std::string& domain = name) {
    return run(
      claim_domain{domain, tenant, app, born, "t" + std::to_string(++tokens), {tenant, "c"}});
  }
  caf::error prove(const std::string& tenant, const std::string& app,
                   domain_proof by = domain_proof::txt) {
    const auto known = seen(tenant, app);
    const auto token = known.value.empty() ? "none" : known.value.substr(11);
    return run(prove_domain{name, tenant, app, token, by, {tenant, "p"}});
  }
  caf::error release(const std::string& tenant, const std::string& app) {
    return run(release_domain{name, tenant, app, {tenant, "r"}});
  }
  domain_info seen(const std::string& tenant, const std::string& app) {
    const auto found = domain_of(s, name, tenant, app);
    return found ? *found : domain_info{};
  }
};

TEST_F(DomainsTest, AClaimServesNothingBeforeItIsProved) {
  EXPECT_FALSE(claim("acme", "shop"));
  const auto before = seen("acme", "shop");
  EXPECT_EQ(before.state, domain_state::pending);
  EXPECT_EQ(before.record, "_backend-im.shop.example.com");
  EXPECT_EQ(before.value, "backend-im=t1");
  EXPECT_EQ(before.who, "acme");
  EXPECT_FALSE(claim("acme", "shop")) << "once more";
  EXPECT_EQ(seen("acme", "shop"), before) << "with the token of before: its record may be there";
  EXPECT_FALSE(prove("acme", "shop"));
  const auto after = seen("acme", "shop");
  EXPECT_EQ(after.state, domain_state::verified);
  EXPECT_EQ(after.proof, domain_proof::txt);
  EXPECT_EQ(after.value, before.value);
  const auto events = kept;
  EXPECT_FALSE(prove("acme", "shop"));
  EXPECT_EQ(kept, events) << "nothing new";
}

TEST_F(DomainsTest, TheFirstWhoProvesItHasIt) {
  claim("acme", "shop");
  EXPECT_FALSE(claim("evil", "trap")) << "wanting it is free";
  EXPECT_NE(seen("acme", "shop").value, seen("evil", "trap").value);
  EXPECT_FALSE(prove("acme", "shop"));
  for (const auto& why : {prove("evil", "trap"), claim("evil", "trap"), claim("third", "app")}) {
    EXPECT_EQ(why, ec::conflict);
    EXPECT_EQ(render(why).find("acme"), std::string::npos) << render(why);
  }
  EXPECT_EQ(seen("evil", "trap").state, domain_state::pending);
  EXPECT_FALSE(release("evil", "trap"));
  EXPECT_EQ(seen("acme", "shop").state, domain_state::verified);
}

TEST_F(DomainsTest, AnotherAppOfTheTenantIsToldWhoHasIt) {
  claim("acme", "shop");
  prove("acme", "shop");
  const auto why = claim("acme", "store");
  EXPECT_EQ(why, ec::conflict);
  EXPECT_NE(render(why).find("backend-im domain remove shop.example.com --app shop"),
            std::string::npos)
    << render(why);
  EXPECT_FALSE(release("acme", "shop"));
  EXPECT_FALSE(claim("acme", "store"));
  EXPECT_FALSE(prove("acme", "store"));
}

TEST_F(DomainsTest, AProofIsOfTheClaimThatItWasLookedUpFor) {
  claim("acme", "shop");
  const prove_domain found{name, "acme", "shop", "t1", domain_proof::txt, {"ada", "p"}};
  release("acme", "shop");
  EXPECT_EQ(run(found), ec::not_found);
  claim("acme", "shop");
  EXPECT_EQ(run(found), ec::not_found) << "it has another token now";
  EXPECT_FALSE(prove("acme", "shop"));
  EXPECT_EQ(run(prove_domain{name, "evil", "trap", "t1", domain_proof::txt, {"eve", "p"}}),
            ec::not_found);
}

TEST_F(DomainsTest, ThatItLeadsHereIsNoProofWhenTwoTenantsWantIt) {
  claim("acme", "shop");
  claim("acme", "store");
  EXPECT_TRUE(seen("acme", "shop").http) << "both are one tenant's";
  claim("evil", "trap");
  EXPECT_FALSE(seen("acme", "shop").http);
  EXPECT_EQ(prove("acme", "shop", domain_proof::http), ec::conflict);
  EXPECT_EQ(prove("evil", "trap", domain_proof::http), ec::conflict);
  EXPECT_FALSE(prove("acme", "shop")) << "a record says for whom";
}

TEST_F(DomainsTest, ADomainThatStillLeadsHereIsNotForTheNextTenant) {
  claim("acme", "shop");
  EXPECT_FALSE(prove("acme", "shop", domain_proof::http));
  EXPECT_FALSE(release("acme", "shop"));
  EXPECT_FALSE(claim("evil", "trap"));
  EXPECT_FALSE(seen("evil", "trap").http);
  EXPECT_EQ(prove("evil", "trap", domain_proof::http), ec::conflict);
  release("evil", "trap");
  claim("acme", "store");
  EXPECT_FALSE(prove("acme", "store", domain_proof::http)) << "it was its own";
}

TEST_F(DomainsTest, AnAppThatIsNoMoreHasNoDomains) {
  claim("acme", "shop");
  prove("acme", "shop");
  claim("acme", "shop", "www.example.com");
  claim("acme", "store", "store.example.com");
  EXPECT_FALSE(run(keep_domains{"acme", "shop", born, {"", "created"}}));
  EXPECT_EQ(answer(s, list_domains{"acme", "shop"})->items.size(), 2u) << "it is the same";
  const auto saved = s;
  EXPECT_FALSE(run(keep_domains{"acme", "shop", caf::none, {"", "destroyed"}}));
  EXPECT_TRUE(answer(s, list_domains{"acme", "shop"})->items.empty());
  EXPECT_EQ(answer(s, list_domains{"acme", "store"})->items.size(), 1u);
  EXPECT_FALSE(claim("other", "app")) << "free";
  s = saved; // that it was destroyed got lost, and there is another one of its name
  EXPECT_FALSE(run(keep_domains{"acme", "shop", born + 1h, {"", "created"}}));
  EXPECT_TRUE(answer(s, list_domains{"acme", "shop"})->items.empty());
}

TEST_F(DomainsTest, AnAppHasSoManyAndNoMore) {
  for (size_t i = 0; i != max_domains; ++i)
    EXPECT_FALSE(claim("acme", "shop", "d" + std::to_string(i) + ".example.com"));
  EXPECT_EQ(claim("acme", "shop", "more.example.com"), ec::conflict);
  EXPECT_FALSE(claim("acme", "shop", "d0.example.com")) << "it has this one";
  EXPECT_FALSE(claim("acme", "store", "more.example.com"));
}

/// Whatever happens in whatever order, a domain is one app's, and the two indexes agree.
TEST_F(DomainsTest, NoOrderOfCommandsGivesADomainToTwo) {
  const std::vector<std::pair<std::string, std::string>> apps{
    {"acme", "shop"}, {"acme", "store"}, {"evil", "trap"}};
  unsigned random = 7;
  for (int i = 0; i != 3'000; ++i) {
    random = random * 1'103'515'245 + 12'345;
    const auto& [tenant, app] = apps[(random >> 16) % apps.size()];
    const auto owner_before = s.domains.contains(name) ? s.domains[name].owner : std::nullopt;
    bool freed = false;
    switch ((random >> 24) % 5) {
      case 0: claim(tenant, app); break;
      case 1: prove(tenant, app, domain_proof::txt); break;
      case 2: prove(tenant, app, domain_proof::http); break;
      case 3: freed = !release(tenant, app); break;
      default: freed = !run(keep_domains{tenant, app, caf::none, {"", "gone"}});
    }
    const auto owner = s.domains.contains(name) ? s.domains[name].owner : std::nullopt;
    if (owner_before && owner != owner_before) {
      EXPECT_TRUE(freed && *owner_before == owner_key(tenant, app) && !owner) << i;
    }
    if (owner) {
      EXPECT_TRUE(s.domains[name].claims.contains(*owner)) << i;
    }
    for (const auto& [t, a] : apps)
      EXPECT_EQ(s.names.contains(owner_key(t, a)),
                s.domains.contains(name) && s.domains[name].claims.contains(owner_key(t, a)))
        << i;
  }
}

TEST(DomainsPolicyTest, ThePlatformsOwnNamesAreNobodys) {
  const domains_policy policy{"apps.example.com", {"example.org"}, true};
  for (const auto* text : {"apps.example.com", "shop-main.apps.example.com",
                           "Deep.Shop-Main.APPS.example.com.", "example.org", "api.example.org"})
    EXPECT_EQ(error_of(allowed_domain(policy, text)), ec::invalid_request) << text;
  for (const auto* text : {"example.com", "api.example.com", "example.net", "notexample.org"})
    EXPECT_TRUE(allowed_domain(policy, text)) << text;
  EXPECT_EQ(error_of(allowed_domain({"localhost"}, "shop-main.localhost")), ec::invalid_request);
}

TEST(DomainsPolicyTest, NamesBesideThePlatformsOwnNeedARecord) {
  const domains_policy policy{"apps.example.com"};
  EXPECT_FALSE(http_says_something(policy, "api.example.com")) << "all of them may lead here";
  EXPECT_FALSE(http_says_something(policy, "example.com"));
  EXPECT_TRUE(http_says_something(policy, "shop.example.net"));
  EXPECT_TRUE(http_says_something({"example.com"}, "shop.net"));
  EXPECT_TRUE(http_says_something({"localhost"}, "shop.net"));
  EXPECT_FALSE(http_says_something({"localhost", {}, false}, "shop.net"));
}

} // namespace
