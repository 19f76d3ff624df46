#include "adapters/crypto/identity.hpp"
#include "protocol/types.hpp"
#include "tests/support/error_of.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

using namespace backendim;
using namespace std::chrono_literals;
using test::error_of;

namespace {

class IdentityTest : public ::testing::Test {
protected:
  test::temp_folder folder;
  std::filesystem::path file = folder.path() / "key";
  std::shared_ptr<identity> id = *crypto::open_identity(file);
  proved_session ada{{"ada", "acme", permission::deploy}, "t1"};
};

TEST_F(IdentityTest, TokenSaysWhoItWasIssuedTo) {
  auto token = id->issue(ada, 60s);
  ASSERT_TRUE(token);
  auto who = id->verify(*token);
  ASSERT_TRUE(who);
  EXPECT_EQ(who->who, ada.who);
  EXPECT_EQ(who->token_id, "t1");
}

/// Sessions of before roles name no token, and deploy was all that could be done in a tenant.
TEST_F(IdentityTest, OlderSessionsMeanWhatTheyMeant) {
  const std::string key(32, 'k');
  std::ofstream{folder.path() / "older"} << key;
  std::filesystem::permissions(folder.path() / "older", std::filesystem::perms{0600});
  auto old = *crypto::open_identity(folder.path() / "older");
  // {"alg":"HS256","typ":"JWT"} . {"exp":4102444800,"iat":1700000000,"may":"deploy","sub":"ada",
  // "tenant":"acme"}
  auto who = old->verify("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
                         "eyJleHAiOjQxMDI0NDQ4MDAsImlhdCI6MTcwMDAwMDAwMCwibWF5IjoiZGVwbG95Iiwic3ViI"
                         "joiYWRhIiwidGVuYW50IjoiYWNtZSJ9."
                         "H6U0rfYXFjs2v0miz9uJSj2DKfzcT78BKY9SlRmw5M8");
  ASSERT_TRUE(who);
  EXPECT_EQ(who->who, (principal{"ada", "acme", permission::manage}));
  EXPECT_EQ(who->token_id, "");
}

TEST_F(IdentityTest, KeySurvivesARestartAndIsPrivate) {
  auto token = *id->issue(ada, 60s);
  auto again = *crypto::open_identity(file);
  EXPECT_TRUE(again->verify(token));
  EXPECT_EQ(std::filesystem::status(file).permissions() & std::filesystem::perms{077},
            std::filesystem::perms::none);
}

TEST_F(IdentityTest, ForeignChangedExpiredAndUnsignedTokensAreRefused) {
  test::temp_folder other;
  auto stranger = *crypto::open_identity(other.path() / "key");
  EXPECT_EQ(error_of(id->verify(*stranger->issue(ada, 60s))), ec::unauthenticated);
  auto changed = *id->issue(ada, 60s);
  changed[changed.size() / 2] = changed[changed.size() / 2] == 'A' ? 'B' : 'A';
  EXPECT_EQ(error_of(id->verify(changed)), ec::unauthenticated);
  EXPECT_EQ(error_of(id->verify(*id->issue(ada, -60s))), ec::unauthenticated);
  // {"alg":"none","typ":"JWT"} . {"sub":"root","tenant":"main","may":"operate","exp":9999999999}
  const std::string unsigned_token
    = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0."
      "eyJzdWIiOiJyb290IiwidGVuYW50IjoibWFpbiIsIm1heSI6Im9wZXJhdGUiLCJleHAiOjk5OTk5OTk5OTl9.";
  EXPECT_EQ(error_of(id->verify(unsigned_token)), ec::unauthenticated);
  for (const auto* rubbish : {"", ".", "..", "a.b.c", "bim_x"})
    EXPECT_EQ(error_of(id->verify(rubbish)), ec::unauthenticated) << rubbish;
}

TEST_F(IdentityTest, SecretsAreHashedWithSalt) {
  const auto hash = id->hash_secret("correct horse");
  EXPECT_TRUE(hash.starts_with("$argon2id$")) << hash;
  EXPECT_NE(hash, id->hash_secret("correct horse"));
  EXPECT_TRUE(id->verify_secret("correct horse", hash));
  EXPECT_FALSE(id->verify_secret("correct horsf", hash));
  EXPECT_FALSE(id->verify_secret("x", "rubbish"));
}

TEST_F(IdentityTest, RandomTokensDiffer) {
  EXPECT_NE(id->random_token(24), id->random_token(24));
  EXPECT_EQ(id->random_token(24).size(), 32u);
}

/// Releases of before made the file first and wrote into it then.
TEST_F(IdentityTest, AnEmptyKeyFileIsFilledAndShortOnesAreRefused) {
  const auto half = folder.path() / "half";
  std::ofstream{half}.flush();
  std::filesystem::permissions(half, std::filesystem::perms{0600});
  const auto made = crypto::open_identity(half);
  ASSERT_TRUE(made) << render(error_of(made));
  EXPECT_EQ(std::filesystem::file_size(half), 32u);
  EXPECT_EQ(std::filesystem::status(half).permissions() & std::filesystem::perms{077},
            std::filesystem::perms::none);
  auto again = *crypto::open_identity(half);
  EXPECT_TRUE(again->verify(*(*made)->issue(ada, 60s)));
  std::ofstream{half} << "short";
  EXPECT_EQ(error_of(crypto::open_identity(half)), ec::internal);
}

TEST_F(IdentityTest, WhatAnInterruptedWriteLeftIsNoKey) {
  const auto fresh = folder.path() / "fresh";
  std::ofstream{fresh.string() + ".new"} << "half a key";
  ASSERT_TRUE(crypto::open_identity(fresh));
  EXPECT_EQ(std::filesystem::file_size(fresh), 32u);
  EXPECT_FALSE(std::filesystem::exists(fresh.string() + ".new"));
}

TEST_F(IdentityTest, KeyThatOthersMayReadIsRefused) {
  std::filesystem::permissions(file, std::filesystem::perms{0644});
  EXPECT_EQ(error_of(crypto::open_identity(file)), ec::internal);
}

} // namespace
