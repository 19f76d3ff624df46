#include "bin/cli/arguments.hpp"
#include "bin/cli/problem.hpp"
#include "protocol/types.hpp"

#include <gtest/gtest.h>

#include <set>

using namespace backendim::cli;

namespace {

boost::json::object problem_with(const std::vector<std::string>& words) {
  const auto parsed = parse(words);
  return parsed ? boost::json::object{} : problem_of(parsed.error());
}

TEST(CliArgumentsTest, FlagsStandAnywhereAndTakeTheirValuesEitherWay) {
  const auto x = parse({"--url=http://a", "deploy", "-e", "A=1", "site", "--env=B=2", "--app",
                        "shop", "-d", "--json"});
  ASSERT_TRUE(x);
  EXPECT_EQ(x->what, find_verb("deploy"));
  EXPECT_EQ(x->given.operands, std::vector<std::string>{"site"});
  EXPECT_EQ(x->given.value("url"), "http://a");
  EXPECT_EQ(x->given.all("env"), (std::vector<std::string>{"A=1", "B=2"}));
  EXPECT_EQ(x->given.value("app"), "shop");
  EXPECT_TRUE(x->given.has("detach"));
  EXPECT_TRUE(x->given.has("json"));
  EXPECT_FALSE(x->given.has("verbose"));
}

TEST(CliArgumentsTest, VerbsOfTwoWordsMayHaveAColon) {
  EXPECT_EQ(parse({"auth", "login"})->what, find_verb("auth login"));
  EXPECT_EQ(parse({"auth:login"})->what, find_verb("auth login"));
  EXPECT_EQ(parse({"actors", "send", "app/a/b", "get_app"})->what, find_verb("actors send"));
  EXPECT_EQ(parse({"actors", "app/a/b"})->what, find_verb("actors"));
}

TEST(CliArgumentsTest, BehindTwoDashesEverythingIsAnOperand) {
  const auto x = parse({"status", "--", "--json"});
  ASSERT_TRUE(x);
  EXPECT_EQ(x->given.operand(0), "--json");
  EXPECT_FALSE(x->given.has("json"));
}

TEST(CliArgumentsTest, MistypedWordsAreSuggested) {
  EXPECT_EQ(text_at(problem_with({"depoly"}), "suggestion"), "deploy");
  EXPECT_EQ(text_at(problem_with({"deploy", "--verbos"}), "suggestion"), "--verbose");
  EXPECT_EQ(text_at(problem_with({"auth", "logni"}), "suggestion"), "auth login");
  EXPECT_EQ(text_at(problem_with({"--jsn", "apps"}), "suggestion"), "--json");
  EXPECT_EQ(text_at(problem_with({"xyzzyplugh"}), "suggestion"), "");
}

TEST(CliArgumentsTest, WrongCommandLinesAreUsageProblems) {
  const std::vector<std::vector<std::string>> wrong{
    {"nothing-like-it"},     {"auth"},          {"deploy", "--app"},        {"apps", "extra"},
    {"deployments cancel"},  {"apps", "--app"}, {"deploy", "--detach=yes"}, {"deploy", "-x"},
    {"actors", "send", "a"}, {"deploy", "-dv"}};
  for (const auto& words : wrong)
    EXPECT_EQ(exit_code_of(problem_with(words)), exit_code::usage) << words.back();
}

TEST(CliArgumentsTest, NumbersHaveARange) {
  const auto x = parse({"logs", "--tail", "5"});
  EXPECT_EQ(*x->given.number("tail", 100, 0, 10), 5u);
  EXPECT_EQ(*parse({"logs"})->given.number("tail", 100, 0, 10), 100u);
  for (const auto* text : {"11", "-1", "x", "", "5x", "99999999999999999999"})
    EXPECT_FALSE(parse({"logs", std::string{"--tail="} + text})->given.number("tail", 1, 0, 10));
}

TEST(CliArgumentsTest, NoFlagOfAVerbHidesAnother) {
  for (const auto& x : verbs()) {
    std::multiset<std::string_view> names;
    std::multiset<char> letters;
    for (const auto* flags : {&x.flags, &global_flags()})
      for (const auto& one : *flags) {
        names.insert(one.name);
        if (one.letter)
          letters.insert(one.letter);
        EXPECT_FALSE(one.doc.empty()) << one.name;
      }
    for (const auto name : names)
      EXPECT_EQ(names.count(name), 1u) << x.name << " " << name;
    for (const auto letter : letters)
      EXPECT_EQ(letters.count(letter), 1u) << x.name << " " << letter;
  }
}

} // namespace
