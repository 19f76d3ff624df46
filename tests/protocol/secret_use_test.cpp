#include "protocol/secret_use.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

using namespace backendim;

namespace {

using names = std::vector<std::string>;

TEST(SecretUseTest, FindsAndFillsMentions) {
  EXPECT_EQ(*secrets_in("plain $HOME ${HOME}"), names{});
  EXPECT_EQ(*secrets_in("postgres://a:${SECRET:PW}@db/${SECRET:DB}"), (names{"PW", "DB"}));
  const auto value_of = [](const std::string& name) { return "<" + name + "${SECRET:X}>"; };
  EXPECT_EQ(with_secrets("a${SECRET:PW}b${SECRET:PW}", value_of),
            "a<PW${SECRET:X}>b<PW${SECRET:X}>")
    << "values are not looked into";
}

TEST(SecretUseTest, MalformedMentionsAreNoMentions) {
  for (const auto* text : {"${SECRET:}", "${SECRET:A", "${SECRET:1A}", "x${SECRET:A B}"})
    EXPECT_FALSE(secrets_in(text)) << text;
}

TEST(SecretUseTest, NamesAreThoseOfVariables) {
  for (const auto* good : {"A", "_a", "DATABASE_URL", "x9"})
    EXPECT_TRUE(is_secret_name(good)) << good;
  for (const auto& bad : {std::string{}, std::string{"9x"}, std::string{"a-b"}, std::string{"a b"},
                          std::string{"../x"}, std::string(65, 'a')})
    EXPECT_FALSE(is_secret_name(bad)) << bad;
}

TEST(SecretUseTest, AConfigNeedsWhatItsFilesVariablesAndBuildName) {
  app_config config;
  config.secrets = names{"FILE", "BOTH"};
  config.env = std::map<std::string, std::string>{{"A", "${SECRET:BOTH}${SECRET:VAR}"}};
  config.build = build_config{};
  config.build->secrets = names{"BUILD"};
  config.edge = edge_rules{};
  config.edge->basic_auth = std::map<std::string, std::string>{{"ada", "${SECRET:DOOR}"}};
  EXPECT_EQ(secrets_of(config), (names{"FILE", "BOTH", "BUILD", "VAR", "DOOR"}));
  const std::vector<sealed_secret> known{{"FILE", 1, "a"}, {"BOTH", 2, "b"}, {"OTHER", 1, "c"}};
  EXPECT_EQ(missing_secret(config, known), "BUILD");
  EXPECT_EQ(used_secrets(config, known).size(), 2u);
  EXPECT_EQ(missing_secret(app_config{}, {}), "");
}

} // namespace
