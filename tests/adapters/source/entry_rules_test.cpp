#include "adapters/source/entry_rules.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

using namespace backendim::source;

namespace {

TEST(EntryRulesTest, NamesStayInTheFolder) {
  for (const auto* good : {"a", "a/b", "./a", ".", "./", "a/", "a//b", "..a", "a../b", "...", "-rf",
                           "a b", "größe", "a\\..\\b", "~", "C:/x"})
    EXPECT_EQ(name_trouble(good), "") << good;
  for (const std::string bad : {"", "/", "/etc/passwd", "//a", "..", "../a", "a/..", "a/../b",
                                "./../a", "a/b/../../..", "a\nb", "a\x1b[31m", "a\tb"})
    EXPECT_NE(name_trouble(bad), "") << bad;
  EXPECT_NE(name_trouble(std::string{"a\0b", 3}), "");
  EXPECT_EQ(name_trouble(std::string(2'000, 'a')), "");
  EXPECT_NE(name_trouble(std::string(2'001, 'a')), "");
}

TEST(EntryRulesTest, LinksStayInTheFolder) {
  const std::vector<std::pair<std::string, std::string>> good{
    {"l", "a"},       {"l", "a/b"},    {"l", "./a"},         {"l", "."},
    {"d/l", ".."},    {"d/l", "../a"}, {"d/e/l", "../../a"}, {"./d/l", "../a"},
    {"d//l", "../a"}, {"d/./l", ".."}, {"l", "..a"},         {"l", "a/..b"},
  };
  for (const auto& [path, target] : good)
    EXPECT_EQ(link_trouble(path, target), "") << path << " -> " << target;
  const std::vector<std::pair<std::string, std::string>> bad{
    {"l", ""},      {"l", "/"},      {"l", "/etc/passwd"},  {"l", ".."},
    {"l", "../a"},  {"l", "./.."},   {"d/l", "../.."},      {"d/l", "../../a"},
    {"./l", ".."},  {"././l", ".."}, {"l/", ".."},          {"l//", ".."},
    {"l/.", ".."},  {"l/./", ".."},  {"d//l", "../.."},     {"d/l/", "../.."},
    {".//l", ".."}, {"l", "a/.."},   {"d/l", "e/../../.."}, {"d/l", ".././.."},
  };
  for (const auto& [path, target] : bad)
    EXPECT_NE(link_trouble(path, target), "") << path << " -> " << target;
}

} // namespace
