#include "actors/accounts.hpp"
#include "protocol/types.hpp"
#include "tests/support/error_of.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

using namespace backendim;
using test::error_of;

namespace {

const principal root{"root", "main", permission::operate};

class AccountsTest : public ::testing::Test {
protected:
  accounts_data s;
  int ids = 0;

  template <class Command>
  caf::error run(const Command& x) {
    auto events = decide(s, x, {caf::timestamp{std::chrono::hours{1'000}}, "id"});
    if (!events)
      return events.error();
    for (const auto& event : *events)
      std::visit([&](const auto& e) { apply(s, e); }, event);
    return {};
  }

  std::string fresh() { return "t" + std::to_string(++ids); }
  request_meta by(const principal& who) { return {who.user, "r" + std::to_string(++ids)}; }

  /// Of acme, as of now.
  principal who(const std::string& user) {
    const auto found = answer(s, get_access{"", {user, "acme", permission::own}});
    return found ? *found : principal{};
  }
  caf::error create(const std::string& tenant, const std::string& owner) {
    return run(create_tenant{tenant, owner, fresh(), "h", by(root)});
  }
  caf::error add(const principal& caller, const std::string& user, role as) {
    return run(add_member{"acme", user, as, fresh(), "h", caller, by(caller)});
  }
  caf::error set(const principal& caller, const std::string& user, role as) {
    return run(change_member{"acme", user, as, caller, by(caller)});
  }
  caf::error remove(const principal& caller, const std::string& user) {
    return run(change_member{"acme", user, caf::none, caller, by(caller)});
  }
  /// What a token is worth; not_found when nothing.
  caf::expected<permission> worth(const std::string& token) {
    const auto found = answer(s, get_token{token});
    if (!found)
      return found.error();
    const auto now = answer(s, get_access{token, found->owner});
    if (!now)
      return now.error();
    return now->may;
  }
};

const principal operator_of_main{"otto", "main", permission::operate};

TEST_F(AccountsTest, ATokenThatIsTakenBackIsWorthNothing) {
  EXPECT_FALSE(run(create_token{operator_of_main, "one", "h", by(root)}));
  EXPECT_FALSE(run(create_token{operator_of_main, "two", "h", by(root)}));
  EXPECT_FALSE(run(revoke_token{"one", by(root)}));
  EXPECT_EQ(error_of(worth("one")), ec::not_found);
  EXPECT_EQ(error_of(answer(s, get_access{"one", operator_of_main})), ec::not_found)
    << "nor a session made from it";
  EXPECT_EQ(worth("two"), permission::operate);
  EXPECT_EQ(run(revoke_token{"one", by(root)}), ec::not_found);
  const auto left = answer(s, get_tokens{});
  ASSERT_EQ(left->items.size(), 1u);
  EXPECT_EQ(left->items[0], (token_entry{"two", "otto", "main", permission::operate}));
}

/// The platform admits it again at its next start.
TEST_F(AccountsTest, ThePlatformsOwnTokenIsReplacedAndNotTakenBack) {
  const auto first = own_token_id(), second = own_token_id();
  EXPECT_FALSE(run(create_token{root, "admin", "h", by(root)})) << "as it was named at first";
  EXPECT_FALSE(run(keep_own_token{root, first, "h", by(root)}));
  EXPECT_EQ(error_of(worth("admin")), ec::not_found);
  EXPECT_FALSE(run(create_token{operator_of_main, "one", "h", by(root)}));
  EXPECT_EQ(run(revoke_token{first, by(root)}), ec::conflict);
  EXPECT_FALSE(run(keep_own_token{root, second, "h", by(root)}));
  EXPECT_EQ(error_of(worth(first)), ec::not_found);
  EXPECT_EQ(worth(second), permission::operate);
  EXPECT_EQ(worth("one"), permission::operate);
}

TEST_F(AccountsTest, ATenantBeginsWithAnOwnerWhoAddsTheOthers) {
  EXPECT_EQ(add(root, "ada", role::owner), ec::not_found) << "there is no tenant yet";
  EXPECT_FALSE(create("acme", "ada"));
  EXPECT_EQ(create("acme", "eve"), ec::conflict);
  EXPECT_EQ(create("Acme", "eve"), ec::invalid_request);
  EXPECT_EQ(who("ada").may, permission::own);
  EXPECT_FALSE(add(who("ada"), "dev", role::developer));
  EXPECT_EQ(who("dev").may, permission::deploy);
  EXPECT_EQ(add(who("ada"), "dev", role::viewer), ec::conflict) << "there is one already";
  EXPECT_EQ(add(who("ada"), "De v", role::viewer), ec::invalid_request);
  const auto listed = answer(s, list_members{"acme"});
  ASSERT_TRUE(listed);
  ASSERT_EQ(listed->items.size(), 2u);
  EXPECT_EQ(listed->items[1].user, "dev");
  EXPECT_EQ(listed->items[1].role, role::developer);
  EXPECT_EQ(listed->items[1].who, "ada") << "who gave it";
  EXPECT_EQ(error_of(answer(s, list_members{"ghost"})), ec::not_found);
  EXPECT_EQ(answer(s, get_tenants{})->items.at(0).owners, std::vector<std::string>{"ada"});
}

TEST_F(AccountsTest, AdminsManageWhoIsBelowOwnerAndNobodyElseDoes) {
  create("acme", "ada");
  add(who("ada"), "adm", role::admin);
  add(who("ada"), "dev", role::developer);
  EXPECT_FALSE(add(who("adm"), "vic", role::viewer));
  EXPECT_FALSE(add(who("adm"), "ben", role::admin));
  EXPECT_EQ(add(who("adm"), "own", role::owner), ec::forbidden);
  EXPECT_EQ(set(who("adm"), "vic", role::owner), ec::forbidden);
  EXPECT_EQ(set(who("adm"), "ada", role::viewer), ec::forbidden);
  EXPECT_EQ(remove(who("adm"), "ada"), ec::forbidden);
  EXPECT_FALSE(set(who("adm"), "ben", role::viewer));
  for (const auto* user : {"dev", "vic"}) {
    EXPECT_EQ(add(who(user), "new", role::viewer), ec::forbidden) << user;
    EXPECT_EQ(set(who(user), "ben", role::viewer), ec::forbidden) << user;
    EXPECT_EQ(remove(who(user), "ben"), ec::forbidden) << user;
  }
  EXPECT_FALSE(set(who("ada"), "adm", role::owner));
  EXPECT_EQ(remove(who("ada"), "ghost"), ec::not_found);
}

TEST_F(AccountsTest, ARefusalNamesTheRoleAndWhoCanGiveIt) {
  create("acme", "ada");
  add(who("ada"), "dev", role::developer);
  const auto why = add(who("dev"), "new", role::viewer);
  ASSERT_TRUE(why.context().match_elements<access_refusal>());
  const auto& x = why.context().get_as<access_refusal>(0);
  EXPECT_EQ(x.needs, permission::administer);
  EXPECT_NE(x.detail.find("admin"), x.detail.npos) << x.detail;
  EXPECT_NE(x.next.find("backend-im members set dev --role admin"), x.next.npos) << x.next;
}

TEST_F(AccountsTest, ATenantKeepsAnOwner) {
  create("acme", "ada");
  for (const auto& caller : {who("ada"), root}) {
    EXPECT_EQ(remove(caller, "ada"), ec::conflict);
    EXPECT_EQ(set(caller, "ada", role::admin), ec::conflict);
  }
  EXPECT_FALSE(add(who("ada"), "ben", role::owner));
  EXPECT_FALSE(set(who("ben"), "ada", role::viewer));
  EXPECT_EQ(who("ada").may, permission::read);
  EXPECT_EQ(remove(who("ben"), "ben"), ec::conflict);
}

TEST_F(AccountsTest, ARoleHoldsForTokensThatAreThere) {
  create("acme", "ada");
  add(who("ada"), "dev", role::developer);
  const auto token = "t" + std::to_string(ids - 1);
  ASSERT_TRUE(worth(token));
  EXPECT_EQ(*worth(token), permission::deploy);
  set(who("ada"), "dev", role::viewer);
  EXPECT_EQ(*worth(token), permission::read);
  set(who("ada"), "dev", role::admin);
  EXPECT_EQ(*worth(token), permission::administer);
  remove(who("ada"), "dev");
  EXPECT_EQ(error_of(worth(token)), ec::not_found);
  // A session knows its token; one of before does not, but whose it was.
  const principal session{"dev", "acme", permission::own};
  EXPECT_EQ(error_of(answer(s, get_access{token, session})), ec::not_found);
  EXPECT_EQ(error_of(answer(s, get_access{"", session})), ec::not_found);
  add(who("ada"), "dev", role::viewer);
  EXPECT_EQ(error_of(answer(s, get_access{token, session})), ec::not_found)
    << "who comes back gets a new token";
}

TEST_F(AccountsTest, NamesakesOfOtherTenantsAreOthers) {
  create("acme", "ada");
  create("evil", "ada");
  const auto evils = "t" + std::to_string(ids - 1);
  add(who("ada"), "ben", role::owner);
  remove(who("ben"), "ada");
  EXPECT_EQ(*worth(evils), permission::own);
  EXPECT_EQ(who("ada").tenant, "");
}

TEST_F(AccountsTest, ATokenIsGoodForWhatItSaysAndItsRoleAllows) {
  create("acme", "ada");
  const auto give = [&](const std::string& id, const std::string& user, permission may) {
    return run(create_token{{user, "acme", may}, id, "h", by(root)});
  };
  EXPECT_FALSE(give("ci", "robot", permission::deploy));
  EXPECT_EQ(who("robot").may, permission::deploy) << "it is a developer now";
  EXPECT_EQ(*worth("ci"), permission::deploy);
  EXPECT_EQ(give("more", "robot", permission::manage), ec::conflict)
    << "its role does not allow it";
  EXPECT_FALSE(give("look", "ada", permission::read));
  EXPECT_EQ(*worth("look"), permission::read) << "an owner's, but for looking only";
  EXPECT_FALSE(give("look", "ada", permission::read)) << "the same again";
  EXPECT_FALSE(give("op", "ada", permission::operate));
  add(who("ada"), "ben", role::owner);
  remove(who("ben"), "ada");
  EXPECT_EQ(*worth("op"), permission::operate) << "operators are no members";
  EXPECT_EQ(error_of(worth("look")), ec::not_found);
}

/// What stands in journals that were written before there were roles. deploy was all of a tenant.
TEST_F(AccountsTest, JournalsFromBeforeRolesMeanTheSame) {
  for (const std::string body :
       {R"({"token":{"owner":{"user":"admin","tenant":"main","may":"operate"},"token_id":"admin",)"
        R"("hash":"$argon2id$a"},"at":"2026-01-01T00:00:00Z"})",
        R"({"token":{"owner":{"user":"ci","tenant":"acme","may":"read"},"token_id":"t1",)"
        R"("hash":"$argon2id$b"},"at":"2026-01-02T00:00:00Z"})",
        R"({"token":{"owner":{"user":"ci","tenant":"acme","may":"deploy"},"token_id":"t2",)"
        R"("hash":"$argon2id$c"},"at":"2026-01-03T00:00:00Z"})",
        R"({"token":{"owner":{"user":"eye","tenant":"acme","may":"read"},"token_id":"t3",)"
        R"("hash":"$argon2id$d"},"at":"2026-01-04T00:00:00Z"})"}) {
    auto event = decode_event<accounts_event>({"token_created", body, {"root", "r"}, {}});
    ASSERT_TRUE(event) << render(event.error());
    std::visit([&](const auto& e) { apply(s, e); }, *event);
  }
  EXPECT_EQ(*worth("admin"), permission::operate);
  EXPECT_EQ(*worth("t1"), permission::read);
  EXPECT_EQ(*worth("t2"), permission::manage) << "it could destroy apps and set secrets";
  EXPECT_EQ(*worth("t3"), permission::read);
  const auto listed = answer(s, list_members{"acme"});
  ASSERT_EQ(listed->items.size(), 2u);
  EXPECT_EQ(listed->items[0].role, role::admin);
  EXPECT_EQ(listed->items[1].role, role::viewer);
  EXPECT_FALSE(set(root, "ci", role::viewer));
  EXPECT_EQ(*worth("t2"), permission::read);
  EXPECT_FALSE(add(root, "ada", role::owner)) << "the operator names the first owner";
}

} // namespace
