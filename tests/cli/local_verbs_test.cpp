#include "protocol/types.hpp"
#include "tests/cli/fake_platform.hpp"

#include <boost/json.hpp>

#include <gtest/gtest.h>

using namespace backendim;
using test::CliTest;
namespace json = boost::json;

namespace {

class CliLocalTest : public CliTest {
protected:
  void write_express() const {
    write("package.json", R"({"name":"x","scripts":{"start":"node server.js"},)"
                          R"("dependencies":{"express":"^4"}})");
    write("server.js", "// listens\n");
  }
};

TEST_F(CliLocalTest, HelpAndVersionNeedNothing) {
  EXPECT_EQ(run({}).code, 0);
  EXPECT_EQ(run({"help"}).out, run({"--help"}).out);
  EXPECT_EQ(run({"help", "auth", "login"}).out, run({"auth", "login", "-h"}).out);
  EXPECT_NE(run({"help", "auth"}).out.find("usage: backend-im auth logout"), std::string::npos);
  EXPECT_EQ(run({"help", "deplyo"}).code, 2);
  EXPECT_EQ(run({"version"}).out.rfind("backend-im ", 0), 0u);
}

TEST_F(CliLocalTest, AWrongCommandLineIsTwoAndShowsTheUsage) {
  const auto text = run({"deploy", "--timeout", "soon"});
  EXPECT_EQ(text.code, 2);
  EXPECT_NE(text.err.find("usage: backend-im deploy"), std::string::npos);
  const auto machine = run({"depoly", "--json"});
  EXPECT_EQ(machine.code, 2);
  EXPECT_EQ(json::parse(machine.out).at("suggestion"), "deploy");
}

TEST_F(CliLocalTest, PlanSaysWhatAndWhy) {
  write_express();
  const auto text = run({"plan"});
  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_NE(text.out.find("framework   express\n"), std::string::npos) << text.out;
  EXPECT_NE(text.out.find("why"), std::string::npos);
  EXPECT_EQ(text.out.find("FROM "), std::string::npos);
  EXPECT_NE(run({"plan", "--containerfile"}).out.find("FROM node:"), std::string::npos);
  EXPECT_EQ(json::parse(run({"plan", "--json"}).out).at("framework"), "express");
  EXPECT_EQ(run({"plan", "nowhere"}).code, 2);
}

TEST_F(CliLocalTest, PlanOfNothingKnownFails) {
  const auto text = run({"plan"});
  EXPECT_EQ(text.code, 1);
  EXPECT_NE(text.err.find("code framework_unknown"), std::string::npos) << text.err;
}

TEST_F(CliLocalTest, InitWritesAFileThatIsRead) {
  write_express();
  EXPECT_EQ(run({"init"}).code, 2); // nobody to ask
  const auto text = run({"init", "--yes"});
  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_NE(read("backend-im.yml").find("name: shop\nruntime: node@20\n"), std::string::npos)
    << read("backend-im.yml");
  EXPECT_EQ(run({"plan"}).code, 0);
}

TEST_F(CliLocalTest, InitNeverReplacesAFileUnasked) {
  write_express();
  write("backend-im.yaml", "name: mine\n");
  EXPECT_EQ(run({"init", "--yes"}).code, 1);
  EXPECT_EQ(read("backend-im.yaml"), "name: mine\n");
  EXPECT_EQ(run({"init", "--yes", "--force", "--name", "ours"}).code, 0);
  EXPECT_NE(read("backend-im.yaml").find("name: ours\n"), std::string::npos);
  EXPECT_EQ(read("backend-im.yml"), "");
}

TEST_F(CliLocalTest, InitAsks) {
  write_express();
  terminal = true;
  answers = {"Bad Name"};
  EXPECT_EQ(run({"init"}).code, 2);
  answers = {"store", "n"};
  EXPECT_EQ(run({"init"}).code, 130);
  EXPECT_EQ(read("backend-im.yml"), "");
  answers = {"", ""};
  EXPECT_EQ(run({"init"}).code, 0);
  EXPECT_NE(read("backend-im.yml").find("name: shop\n"), std::string::npos);
}

} // namespace
