#include "tests/e2e/mistake.hpp"
#include "tests/e2e/world.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

using namespace backendim;

namespace {

/// The previous release that has to go on serving.
class BrokenTest : public ::testing::TestWithParam<e2e::mistake> {
protected:
  static void SetUpTestSuite() {
    const auto deployed = e2e::cli({"deploy", "--app", "steady"}, e2e::samples() / "express");
    ASSERT_EQ(deployed.exit_code, 0) << deployed.err;
  }
};

TEST_P(BrokenTest, FailsWithItsCauseAndLeavesThePreviousReleaseServing) {
  e2e::expect_told("steady", GetParam());
  EXPECT_EQ(e2e::get(e2e::url_of("steady") + "/").body, "Hello from express");
}

// The other three are in the smoke tests.
INSTANTIATE_TEST_SUITE_P(
  All, BrokenTest,
  ::testing::Values(e2e::mistake{"loopback", "listens_on_loopback", "127.0.0.1"},
                    e2e::mistake{"missing-env", "missing_environment", "DATABASE_URL"},
                    e2e::mistake{"unhealthy", "unhealthy", "/health answers 500"},
                    e2e::mistake{"missing-image", "base_image_missing", "no-such-image-anywhere"}),
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
