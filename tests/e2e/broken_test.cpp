#include "tests/e2e/world.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

using namespace backendim;

namespace {

struct broken_case {
  const char* folder;
  const char* code;
  const char* evidence; ///< Part of what the user is shown.
  friend void PrintTo(const broken_case& x, std::ostream* out) { *out << x.folder; }
};

/// The previous release that has to go on serving.
class BrokenTest : public ::testing::TestWithParam<broken_case> {
protected:
  static void SetUpTestSuite() {
    const auto deployed = e2e::cli({"deploy", "--app", "steady"}, e2e::samples() / "express");
    ASSERT_EQ(deployed.exit_code, 0) << deployed.err;
  }
};

TEST_P(BrokenTest, FailsWithItsCauseAndLeavesThePreviousReleaseServing) {
  const auto& x = GetParam();
  const auto failed = e2e::cli({"deploy", "--app", "steady"}, e2e::broken() / x.folder);
  EXPECT_EQ(failed.exit_code, 1);
  EXPECT_EQ(failed.out, "");
  EXPECT_NE(failed.err.find(std::string{"code "} + x.code), std::string::npos) << failed.err;
  EXPECT_NE(failed.err.find(x.evidence), std::string::npos) << failed.err;
  EXPECT_NE(failed.err.find("next: "), std::string::npos) << failed.err;
  EXPECT_EQ(e2e::get(e2e::url_of("steady") + "/").body, "Hello from express");
}

INSTANTIATE_TEST_SUITE_P(
  All, BrokenTest,
  ::testing::Values(broken_case{"syntax-error", "app_crashed", "SyntaxError"},
                    broken_case{"wrong-port", "wrong_port", "port 4000"},
                    broken_case{"loopback", "listens_on_loopback", "127.0.0.1"},
                    broken_case{"missing-env", "missing_environment", "DATABASE_URL"},
                    broken_case{"failing-install", "build_failed", "404"},
                    broken_case{"unhealthy", "unhealthy", "/health answers 500"},
                    broken_case{"missing-image", "base_image_missing", "no-such-image-anywhere"}),
  [](const auto& one) {
    std::string name = one.param.folder;
    std::erase(name, '-');
    return name;
  });

TEST(FullRegistryTest, FailsWithThatCauseAndWorksAgainWithSpace) {
  const auto source = e2e::copy_of("express", "heavy");
  ASSERT_EQ(e2e::cli({"deploy"}, source).exit_code, 0);
  std::ofstream{source / "more.txt"} << std::string(3 << 20, 'x') << std::rand();
  const auto filler = std::filesystem::path{std::getenv("BACKENDIM_REGISTRY_DATA")} / "filler";
  // dd ends when the disk is full, and that is what is wanted.
  (void)e2e::run({"dd", "if=/dev/zero", "of=" + filler.string(), "bs=1M"});
  const auto failed = e2e::cli({"deploy"}, source);
  std::filesystem::remove(filler);
  EXPECT_EQ(failed.exit_code, 1);
  EXPECT_NE(failed.err.find("code registry_full"), std::string::npos) << failed.err;
  EXPECT_EQ(e2e::get(e2e::url_of("heavy") + "/").body, "Hello from express");
  const auto again = e2e::cli({"deploy"}, source);
  EXPECT_EQ(again.exit_code, 0) << again.err;
}

} // namespace
