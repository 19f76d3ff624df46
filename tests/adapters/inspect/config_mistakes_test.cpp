#include "adapters/inspect/config.hpp"
#include "protocol/json.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

using namespace backendim;

namespace {

/// What a refused text is told: where, what, and what to do. Fails for one that is taken.
std::string told(std::string_view yaml) {
  const auto config = inspection::parse_config(yaml, "f");
  EXPECT_FALSE(config) << yaml;
  if (config)
    return to_json_text(*config);
  EXPECT_EQ(config.error(), ec::invalid_request) << yaml;
  const auto why = failure_of(config.error());
  EXPECT_EQ(why.code, cause::config_invalid) << yaml;
  EXPECT_FALSE(why.next.empty()) << yaml;
  return (why.evidence.empty() ? "" : why.evidence[0]) + "\n" + why.next;
}

/// The settings as JSON; why there are none otherwise.
std::string settings(std::string_view yaml) {
  const auto config = inspection::parse_config(yaml, "f");
  return config ? to_json_text(*config) : to_json_text(failure_of(config.error()));
}

struct mistake {
  std::string_view yaml;
  std::string_view place;
  std::vector<std::string_view> words;
};

void expect_told(const std::vector<mistake>& mistakes) {
  for (const auto& x : mistakes) {
    const auto text = told(x.yaml);
    EXPECT_TRUE(text.starts_with("f:" + std::string{x.place} + ": ")) << x.yaml << "\n" << text;
    for (const auto word : x.words)
      EXPECT_NE(text.find(word), text.npos) << word << " in: " << text;
  }
}

TEST(ConfigMistakesTest, AnUnclosedQuoteIsShownWhereItBegins) {
  expect_told({
    {"start: \"", "1:8", {"unclosed quote"}},
    {"name: shop\nstart: 'it''s\n", "2:8", {"unclosed quote"}},
    {"start: \"a\\\"\nport: 1\n", "1:8", {"unclosed quote"}},
    {"start: &x \"a\nport: 1\n", "1:11", {"unclosed quote"}},
    {"\"start: a\nport: 1\n", "1:1", {"unclosed quote"}},
    {"secrets: [\"A\", # \"\n  'B\nport: 3", "2:3", {"unclosed quote"}},
    {"start: \"node a.js\nenv: {A: \"1\"}\n", "1:8", {"ends on line 2"}},
  });
  EXPECT_EQ(settings("start: \"a\n  b\"\n"), R"({"start":"a b"})");
  EXPECT_EQ(settings("start: it's # isn't\n"), R"({"start":"it's"})");
  EXPECT_EQ(settings("start: |\n  \"a\n"), R"({"start":"\"a\n"})");
}

TEST(ConfigMistakesTest, TabsThatIndentAreShown) {
  expect_told({
    {"\tname: shop\n", "1:1", {"a tab"}},
    {"env:\n  \tA: 1\n", "2:3", {"a tab"}},
    {"secrets:\n- A\n\t- B\n", "3:1", {"a tab"}},
    {"start:\n\tnode\n", "2:1", {"a tab"}},
  });
  EXPECT_EQ(settings("port:\t3000\n"), R"({"port":3000})");
  EXPECT_EQ(settings("env: {\n\tA: 1}\n"), R"({"env":{"A":"1"}})") << "no indentation at all";
  EXPECT_EQ(settings("start: |\n  a\n  \tb\n"), R"({"start":"a\n\tb\n"})");
}

TEST(ConfigMistakesTest, ColumnsCountCharacters) {
  expect_told({
    {"env: {A: \"\u00fc\u20ac\", 2B: x}\n", "1:16", {"2B"}},
    {"start: \xf0\x9f\x98\x80\xff\n", "1:9", {"UTF-8"}},
  });
  EXPECT_EQ(settings("start: \xf0\x9f\x98\x80\xf4\x8f\xbf\xbf\xed\x9f\xbf\n"),
            "{\"start\":\"\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf\xed\x9f\xbf\"}");
}

TEST(ConfigMistakesTest, AnEmptyValueIsShownBehindItsKey) {
  expect_told({
    {"port:", "1:6", {"nothing", "remove the line"}},
    {"port: ~\nname: a\n", "1:7", {"nothing", "remove the line"}},
    {"port: # soon\n\nname: a\n", "1:6", {"nothing"}},
    {"\"port\" :\nname: a\n", "1:9", {"nothing"}},
    {"scaling:\n  min:\n  max: 2\n", "2:7", {"nothing"}},
    {"scaling: {min: , max: 2}\n", "1:15", {"nothing"}},
    {"secrets:\n  -\n  - A\n", "2:4", {"nothing"}},
    {"env:\n  -\n  - A=1\n", "2:4", {"NAME=value", "nothing"}},
    {"edge: {rate_limit: {seconds: 2}}\n", "1:20", {"found nothing", "Write edge"}},
  });
}

TEST(ConfigMistakesTest, NumbersAreNamedAsWrittenWithAllThatFits) {
  expect_told({
    {"port: 99999999999999999999\n", "1:7", {"from 1 to 65535", "99999999999999999999"}},
    {"port: .nan\n", "1:7", {"from 1 to 65535", ".nan"}},
    {"port: -0x1\n", "1:7", {"a whole number from 1 to 65535, found text"}},
    {"port: true\n", "1:7", {"found true"}},
    {"scaling: {min: many}\n", "1:16", {"a whole number from 1 to 20"}},
    {"scaling: {max: 21}\n", "1:16", {"a whole number from 1 to 20", "found 21"}},
    {"deploy: {watch: 1.5}\n", "1:17", {"a whole number of seconds from 0 to 3600", "1.5"}},
    {"deploy: {healthy_deadline: 0}\n", "1:28", {"seconds from 1 to 3600"}},
    {"deploy: {min_healthy_time: 9, healthy_deadline: 9}\n", "1:49", {"at least 10"}},
    {"edge: {rate_limit: {requests: -1}}\n", "1:31", {"from 1 to 1000000", "found -1"}},
    {"deploy: {strategy: canary, canary: {min_requests: 0}}\n", "1:51", {"1 to 1000000"}},
    {"env: {A: &x 3.50}\nport: *x\n", "2:7", {"found 3.50"}},
  });
  EXPECT_EQ(settings("env: {A: &x 3e3, B: *x, C: 0x10}\n"),
            R"({"env":{"A":"3e3","B":"3e3","C":"0x10"}})");
}

TEST(ConfigMistakesTest, TheWordsAreThoseOfYaml) {
  expect_told({
    {"- a\n", "1:1", {"the file: expected a mapping, found a list"}},
    {"scaling: [1]\n", "1:10", {"expected a mapping, found a list"}},
    {"secrets: {A: 1}\n", "1:10", {"expected a list, found a mapping"}},
    {"secrets: A\n", "1:10", {"expected a list, found text"}},
    {"name: 3\n", "1:7", {"expected text, found 3"}},
  });
}

TEST(ConfigMistakesTest, AliasesStandForWhatTheyName) {
  EXPECT_EQ(settings("secrets: &s [A, B]\nbuild: {secrets: *s}\n"),
            R"({"build":{"secrets":["A","B"]},"secrets":["A","B"]})");
}

TEST(ConfigMistakesTest, VariablesInAListAreCheckedLikeThoseInAMapping) {
  expect_told({
    {"env:\n  - A=1\n  - B=1\n  - A=2\n", "4:5", {"env.A appears twice, first on line 2"}},
    {"env:\n  - A: 1\n", "2:5", {"NAME=value, found a mapping"}},
    {"env: [7]\n", "1:7", {"NAME=value, found 7"}},
    {"env:\n  - 2A=1\n", "2:5", {"a name of letters"}},
    {"env:\n  - =1\n", "2:5", {"a name of letters"}},
    {"env:\n  - A=${SECRET:}\n", "2:5", {"${SECRET:NAME}"}},
    {"env:\n  - PORT=0\n", "2:5", {"env.PORT: expected a port from 1 to 65535"}},
    {"port: 3000\nenv:\n  - PORT=3001\n", "3:5", {"the same as \"port\""}},
  });
  const auto bare = told("env: [hunter2]\n");
  EXPECT_TRUE(bare.starts_with("f:1:7: ")) << bare;
  EXPECT_EQ(bare.find("hunter2"), bare.npos) << "it may be a secret: " << bare;
  EXPECT_EQ(settings("env: []\n"), R"({"env":{}})");
  EXPECT_EQ(settings("env: [A=, \"B=\\\"x\\\" y\", C=true]\n"),
            R"({"env":{"A":"","B":"\"x\" y","C":"true"}})");
}

TEST(ConfigMistakesTest, RuntimesAreReadWithEitherSign) {
  for (const auto* good : {"node", "node@20", "python@3.11", "go@1.22.4", "node@20.x", "node@v20",
                           "node@20-alpine", "static"}) {
    const auto expected = "{\"runtime\":\"" + std::string{good} + "\"}";
    EXPECT_EQ(settings("runtime: " + std::string{good} + "\n"), expected);
    auto colon = std::string{good};
    if (const auto at = colon.find('@'); at != colon.npos)
      colon[at] = ':';
    EXPECT_EQ(settings("runtime: " + colon + "\n"), expected);
  }
  expect_told({
    {"runtime: cobol:85\n", "1:10", {"one of node, python"}},
    {"runtime: nod:18\n", "1:10", {"did you mean \"node@18\"?"}},
    {"runtime: node@\n", "1:10", {"like node@20"}},
    {"runtime: \"node:\"\n", "1:10", {"like node@20"}},
    {"runtime: node:lts\n", "1:10", {"like node@20"}},
    {"runtime: node:20:1\n", "1:10", {"like node@20"}},
    {"runtime: node@1234567\n", "1:10", {"like node@20"}},
    {"runtime: 20\n", "1:10", {"expected text, found 20"}},
  });
}

} // namespace
