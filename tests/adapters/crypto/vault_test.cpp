#include "adapters/crypto/vault.hpp"
#include "protocol/types.hpp"
#include "tests/support/error_of.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>

using namespace backendim;
using test::error_of;

namespace {

class VaultTest : public ::testing::Test {
protected:
  test::temp_folder folder;
  std::filesystem::path file = folder.path() / "master-keys";
  std::shared_ptr<vault> keys = *crypto::open_vault(file);
  secret_place place{"acme", "shop", "TOKEN"};
  std::string value = "correct horse battery staple";
};

TEST_F(VaultTest, OpensWhatItSealedAndHidesTheValue) {
  std::set<std::string> texts;
  for (int i = 0; i < 10; ++i) {
    const auto sealed = keys->seal(place, value);
    EXPECT_EQ(sealed.find("horse"), sealed.npos);
    EXPECT_TRUE(texts.insert(sealed).second) << "equal values look alike";
    EXPECT_EQ(*keys->open(place, sealed), value);
  }
}

TEST_F(VaultTest, OpensForNoOtherTenantAppOrName) {
  const auto sealed = keys->seal(place, value);
  for (const secret_place& other : {secret_place{"acme2", "shop", "TOKEN"},
                                    {"acme", "shop2", "TOKEN"},
                                    {"acme", "shop", "TOKEN2"},
                                    {"acmes", "hop", "TOKEN"}})
    EXPECT_EQ(error_of(keys->open(other, sealed)), ec::internal) << other.app;
}

TEST_F(VaultTest, NoticesEveryChangedCharacter) {
  const auto sealed = keys->seal(place, value);
  for (size_t i = 0; i < sealed.size(); ++i) {
    auto changed = sealed;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(keys->open(place, changed)) << i;
    EXPECT_FALSE(keys->open(place, sealed.substr(0, i))) << i;
  }
}

TEST_F(VaultTest, ErrorsDoNotRepeatWhatWasSealed) {
  const auto why = error_of(keys->open(place, "v1.1.plainvalue"));
  EXPECT_EQ(render(why).find("plainvalue"), std::string::npos);
}

TEST_F(VaultTest, KeysSurviveARestartAndAreTheOwnersOnly) {
  const auto sealed = keys->seal(place, value);
  const auto mark = keys->mark("x");
  keys = *crypto::open_vault(file);
  EXPECT_EQ(*keys->open(place, sealed), value);
  EXPECT_EQ(keys->mark("x"), mark);
  EXPECT_EQ(std::filesystem::status(file).permissions() & std::filesystem::perms{077},
            std::filesystem::perms::none);
}

TEST_F(VaultTest, RotationSealsAnewAndForgettingEndsTheOld) {
  const auto old = keys->seal(place, value);
  const auto mark = keys->mark("x");
  EXPECT_EQ(*keys->rotate(), 2u);
  keys = *crypto::open_vault(file);
  const auto fresh = keys->seal(place, value);
  EXPECT_EQ(*keys->open(place, old), value) << "older keys go on opening";
  EXPECT_EQ(*keys->open(place, fresh), value);
  EXPECT_EQ(keys->mark("x"), mark) << "repeats of requests are known by it";
  ASSERT_TRUE(keys->forget_before(2));
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(error_of(keys->open(place, old)), ec::internal);
    EXPECT_EQ(*keys->open(place, fresh), value);
    keys = *crypto::open_vault(file);
  }
  ASSERT_TRUE(keys->forget_before(100));
  EXPECT_EQ(*keys->open(place, fresh), value) << "the newest key is never forgotten";
}

TEST_F(VaultTest, MarksHaveAKeyOfTheirOwn) {
  test::temp_folder elsewhere;
  const auto other = *crypto::open_vault(elsewhere.path() / "master-keys");
  EXPECT_EQ(keys->mark("x"), keys->mark("x"));
  EXPECT_NE(keys->mark("x"), keys->mark("y"));
  EXPECT_NE(keys->mark("x"), other->mark("x"));
}

TEST_F(VaultTest, DamagedOrOpenKeyFilesAreRefused) {
  std::filesystem::permissions(file, std::filesystem::perms{0644});
  EXPECT_EQ(error_of(crypto::open_vault(file)), ec::internal);
  std::filesystem::permissions(file, std::filesystem::perms{0600});
  for (const auto* text : {"", "mark\n", "1 AAAA\n", "nonsense\n"}) {
    std::ofstream{file} << text;
    EXPECT_EQ(error_of(crypto::open_vault(file)), ec::internal) << text;
  }
}

} // namespace
