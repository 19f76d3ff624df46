#include "bin/cli/app_name.hpp"
#include "bin/cli/terminal.hpp"

#include <gtest/gtest.h>

using namespace backendim::cli;
using namespace std::chrono_literals;

namespace {

TEST(CliTerminalTest, NothingPrintedSteersTheTerminal) {
  EXPECT_EQ(printable("plain text, \xC3\xA9t\xC3\xA9 \xE2\x9C\x93"), "plain text, été ✓");
  EXPECT_EQ(printable("\x1b[31mred\x1b[0m"), "red");
  EXPECT_EQ(printable("a\x1b]0;title\ab\x1b]8;;x\x1b\\c"), "abc");
  EXPECT_EQ(printable("a\x1b]0;never closed"), "a0;never closed");
  EXPECT_EQ(printable("\x1b"), "");
  EXPECT_EQ(printable("\x1b["), "");
  EXPECT_EQ(printable("up\rdown\b\x7f"), "updown");
  EXPECT_EQ(printable("one\ntwo\tthree"), "one two\tthree");
  EXPECT_EQ(printable("c1 \xC2\x9B"
                      "31m \x9B"
                      "31m"),
            "c1 31m ?31m");
  EXPECT_EQ(printable("x\xE2\x80\xAEy\xE2\x81\xA6z"), "xyz");
  EXPECT_EQ(printable("\xC0\x9B \xF5 \xE2\x80"), "?? ? ??");
  EXPECT_EQ(printable("\xED\xA0\x80"), "???");
}

TEST(CliTerminalTest, TimesAndSizesAreShort) {
  EXPECT_EQ(elapsed_text(4'200ms), "4.2s");
  EXPECT_EQ(elapsed_text(-5ms), "0.0s");
  EXPECT_EQ(elapsed_text(59'949ms), "59.9s");
  EXPECT_EQ(elapsed_text(64'000ms), "1m 04s");
  EXPECT_EQ(size_text(340), "340 B");
  EXPECT_EQ(size_text(12'340), "12.3 kB");
  EXPECT_EQ(size_text(999'999), "1.0 MB");
}

TEST(CliTerminalTest, ColumnsLineUp) {
  EXPECT_EQ(table_text({{"é", "b"}, {"long", "\x1b[1mc", ""}}), "é     b\nlong  c\n");
}

TEST(CliTerminalTest, DeploymentIdsAreNoNames) {
  EXPECT_TRUE(is_deployment_id("01JABCDEFGHJKMNPQRSTVWXYZ0"));
  EXPECT_FALSE(is_deployment_id("01jabcdefghjkmnpqrstvwxyz0"));
  EXPECT_FALSE(is_deployment_id("shop"));
}

} // namespace
