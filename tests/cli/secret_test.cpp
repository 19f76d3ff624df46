#include "tests/cli/fake_platform.hpp"

#include <gtest/gtest.h>

#include <string>

using namespace backendim;
using test::CliTest;

namespace {

const std::string list = R"({"items":[{"name":"TOKEN","version":2,"live":1,"who":"anna",)"
                         R"("at":"2026-01-01T00:00:00Z"}]})";

class CliSecretTest : public CliTest {
protected:
  CliSecretTest() {
    log_in();
    write("backend-im.yml", "name: shop\n");
    platform.on("POST /v1/apps/shop/secrets", {200, list});
    platform.on("GET /v1/apps/shop/secrets", {200, list});
  }
  std::string sent() { return platform.seen("POST /v1/apps/shop/secrets").back().body; }
};

TEST_F(CliSecretTest, SetsPairsAndNeverShowsThem) {
  const auto done = run({"secret", "set", "TOKEN=v4lue=x", "OTHER=w0rd"});
  EXPECT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(sent(), R"({"set":{"TOKEN":"v4lue=x","OTHER":"w0rd"}})");
  EXPECT_EQ((done.out + done.err).find("v4lue"), std::string::npos);
  EXPECT_NE(done.err.find("Set TOKEN, OTHER."), std::string::npos) << done.err;
  EXPECT_NE(done.err.find("next deployment"), std::string::npos);
}

TEST_F(CliSecretTest, AValueComesFromStdinOrThePerson) {
  input = "from stdin\n";
  EXPECT_EQ(run({"secret", "set", "TOKEN=-"}).code, 0);
  EXPECT_EQ(sent(), R"({"set":{"TOKEN":"from stdin"}})");
  EXPECT_EQ(run({"secret", "set", "A=-", "B=-"}).code, 2) << "stdin has one value";
  input.reset();
  terminal = true;
  answers = {"typed"};
  EXPECT_EQ(run({"secret", "set", "TOKEN=-"}).code, 0);
  EXPECT_EQ(sent(), R"({"set":{"TOKEN":"typed"}})");
}

TEST_F(CliSecretTest, AnEnvironmentFileGivesMany) {
  write(".env", "# comment\n\nexport A=1\n B=\"two words\"\r\nC='x=y'\n");
  EXPECT_EQ(run({"secret", "set", "--env-file", ".env", "--app", "shop"}).code, 0);
  EXPECT_EQ(sent(), R"({"set":{"A":"1","B":"two words","C":"x=y"}})");
  write(".env", "A=1\ns3cr3t without a name\n");
  const auto bad = run({"secret", "set", "--env-file", ".env"});
  EXPECT_EQ(bad.code, 2);
  EXPECT_NE(bad.err.find(".env:2"), std::string::npos) << bad.err;
  EXPECT_EQ(bad.err.find("s3cr3t"), std::string::npos);
}

TEST_F(CliSecretTest, AForgottenNameDoesNotShowTheValue) {
  for (const auto& words : {std::vector<std::string>{"secret", "set", "s3cr3t"},
                            {"secret", "set", "s3-cr3t=x"},
                            {"secret", "unset", "s3cr3t=x"},
                            {"secret", "set"}}) {
    const auto bad = run(words);
    EXPECT_EQ(bad.code, 2);
    EXPECT_EQ(bad.err.find("cr3t"), std::string::npos) << bad.err;
  }
  EXPECT_TRUE(platform.seen("POST /v1/apps/shop/secrets").empty());
}

TEST_F(CliSecretTest, ListsUnsetsAndRotates) {
  const auto listed = run({"secret", "list"});
  EXPECT_EQ(listed.code, 0) << listed.err;
  EXPECT_NE(listed.out.find("TOKEN  v2       v1    anna"), std::string::npos) << listed.out;
  EXPECT_EQ(run({"secret", "unset", "TOKEN", "OTHER"}).code, 0);
  EXPECT_EQ(sent(), R"({"unset":["TOKEN","OTHER"]})");
  EXPECT_EQ(run({"secret:rotate", "TOKEN"}).code, 0);
  EXPECT_EQ(sent(), R"({"rotate":["TOKEN"]})");
}

TEST_F(CliSecretTest, ARotationThatMissedAnAppIsNoSuccess) {
  platform.on("POST /v1/master-key/rotate",
              {200, R"({"generation":2,"resealed":1,"missed":["app/main/shop"]})"});
  platform.on("POST /v1/master-key/rotate", {200, R"({"generation":3,"resealed":2,"missed":[]})"});
  EXPECT_EQ(run({"admin", "rotate-master-key"}).code, 1);
  EXPECT_EQ(run({"admin", "rotate-master-key"}).code, 0);
}

} // namespace
