#include "tests/e2e/world.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

using namespace backendim;

namespace {

class SampleTest : public ::testing::TestWithParam<const char*> {};

TEST_P(SampleTest, DeploysAndAnswers) {
  const std::string app = GetParam();
  const auto deployed = e2e::cli({"deploy", "--app", app}, e2e::samples() / app);
  ASSERT_EQ(deployed.exit_code, 0) << deployed.err << e2e::daemon_process::instance().log();
  EXPECT_EQ(deployed.out, e2e::url_of(app) + "\n") << "exactly the URL";
  const auto answer = e2e::get(e2e::url_of(app) + "/");
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(answer.body.find("Hello from " + app), std::string::npos) << answer.body;
  EXPECT_EQ(e2e::cli({"destroy", app, "--confirm", app}).exit_code, 0);
}

INSTANTIATE_TEST_SUITE_P(All, SampleTest,
                         ::testing::Values("express", "express-typescript", "fastify", "nextjs",
                                           "flask", "fastapi", "django", "go", "rust", "static",
                                           "procfile", "dockerfile"),
                         [](const auto& one) {
                           std::string name = one.param;
                           std::erase(name, '-');
                           return name;
                         });

TEST(RedeployTest, ChangedCodeShowsItsNewAnswer) {
  const auto source = e2e::copy_of("express", "changing");
  ASSERT_EQ(e2e::cli({"deploy"}, source).exit_code, 0);
  e2e::replace_in(source / "index.js", "Hello from express", "Hello again");
  const auto again = e2e::cli({"deploy"}, source);
  ASSERT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(e2e::get(e2e::url_of("changing") + "/").body, "Hello again");
}

TEST(GitTest, DeploysABranchOfARepository) {
  const auto source = e2e::copy_of("express", "fromgit");
  e2e::replace_in(source / "index.js", "Hello from express", "Hello from a branch");
  for (const auto& step :
       {std::vector<std::string>{"git", "init", "-q", "-b", "trunk"},
        {"git", "add", "."},
        {"git", "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-qm", "one"},
        {"git", "branch", "release"}})
    ASSERT_EQ(e2e::run(step, source).exit_code, 0);
  const auto url = "file://" + source.string();
  const auto deployed = e2e::cli({"deploy", "--app", "fromgit", "--git", url + "#release"});
  ASSERT_EQ(deployed.exit_code, 0) << deployed.err;
  EXPECT_EQ(e2e::get(e2e::url_of("fromgit") + "/").body, "Hello from a branch");
  const auto missing = e2e::cli({"deploy", "--app", "fromgit", "--git", url + "#nowhere"});
  EXPECT_EQ(missing.exit_code, 1);
  EXPECT_NE(missing.err.find("source_rejected"), std::string::npos) << missing.err;
}

} // namespace
