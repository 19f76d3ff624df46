#include "bin/cli/problem.hpp"
#include "protocol/json.hpp"
#include "protocol/types.hpp"

#include <boost/json.hpp>

#include <gtest/gtest.h>

using namespace backendim;
using namespace backendim::cli;
namespace json = boost::json;

namespace {

TEST(CliProblemTest, ExitCodesFollowTheStatus) {
  const auto code = [](int status) { return exit_code_of(json::object{{"status", status}}); };
  EXPECT_EQ(code(400), exit_code::failed);
  EXPECT_EQ(code(401), exit_code::refused);
  EXPECT_EQ(code(403), exit_code::refused);
  EXPECT_EQ(code(404), exit_code::not_found);
  EXPECT_EQ(code(409), exit_code::failed);
  EXPECT_EQ(code(500), exit_code::failed);
  EXPECT_EQ(code(503), exit_code::unreachable);
  EXPECT_EQ(exit_code_of(usage_problem("wrong")), exit_code::usage);
  EXPECT_EQ(exit_code_of(caf::make_error(ec::unavailable, "no disk")), exit_code::failed);
}

TEST(CliProblemTest, ShowsAllThatTheDocumentSays) {
  const json::object document{{"detail", "at /config/prot: expected one of port\x1b[2J"},
                              {"code", "invalid_request"},
                              {"pointer", "/config/prot"},
                              {"suggestion", "port"},
                              {"request_id", "r-1"}};
  EXPECT_EQ(problem_text(document, false),
            "error: at /config/prot: expected one of port\n"
            "  did you mean \"port\"?\n"
            "  code invalid_request, pointer /config/prot, request r-1\n");
}

TEST(CliProblemTest, ShowsWhyADeploymentFailed) {
  const auto why = make_failure(
    ec::build_failed,
    {cause::wrong_port, "It listens on 8080.", {"LISTEN 8080\r\x1b]0;x\a"}, "Use PORT."});
  EXPECT_EQ(problem_text(problem_of(why), false), "error: It listens on 8080.\n"
                                                  "  | LISTEN 8080\n"
                                                  "  next: Use PORT.\n"
                                                  "  code wrong_port\n");
}

TEST(CliProblemTest, MembersOfAnyFormDoNoHarm) {
  const json::object strange{{"detail", 7}, {"failure", "text"}, {"status", "404"}};
  EXPECT_EQ(exit_code_of(strange), exit_code::failed);
  EXPECT_EQ(problem_text(strange, false), "error: \n");
}

} // namespace
