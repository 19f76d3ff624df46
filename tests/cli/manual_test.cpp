#include "bin/cli/manual.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

using namespace backendim::cli;

namespace {

TEST(CliManualTest, TheFileIsTheGeneratedOne) {
  std::ifstream in{BACKENDIM_DOCS "/cli.md", std::ios::binary};
  const std::string kept{std::istreambuf_iterator<char>{in}, {}};
  EXPECT_EQ(kept, manual_markdown()) << "backend-im help --markdown > docs/cli.md";
}

TEST(CliManualTest, HelpNamesEveryVerbAndFlag) {
  for (const auto& x : verbs()) {
    EXPECT_NE(overview().find("  " + std::string{x.name} + " "), std::string::npos) << x.name;
    const auto text = verb_help(x);
    for (const auto& flag : x.flags)
      EXPECT_NE(text.find("--" + std::string{flag.name}), std::string::npos) << flag.name;
    for (const auto& operand : x.operands)
      EXPECT_NE(usage_line(x).find(operand.name), std::string::npos) << operand.name;
  }
}

} // namespace
