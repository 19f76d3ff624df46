#include "tests/cli/fake_platform.hpp"

#include <gtest/gtest.h>

#include <string>

using namespace backendim;
using test::canned;
using test::CliTest;

namespace {

const std::string two = R"({"tenant":"acme","items":[{"user":"ada","role":"owner","who":"root",)"
                        R"("at":"2026-01-01T00:00:00Z"},{"user":"dev","role":"viewer","who":"ada",)"
                        R"("at":"2026-01-02T00:00:00Z"}]})";

class CliMembersTest : public CliTest {
protected:
  CliMembersTest() {
    log_in();
    platform.on("GET /v1/whoami",
                {200, R"({"user":"ada","tenant":"acme","may":"own","role":"owner"})"});
  }
};

TEST_F(CliMembersTest, ListsThoseOfTheOwnTenantOrOfAnother) {
  platform.on("GET /v1/tenants/acme/members", {200, two});
  platform.on("GET /v1/tenants/other/members", {200, R"({"tenant":"other","items":[]})"});
  for (const auto& words : std::vector<std::vector<std::string>>{{"members"}, {"members", "list"}})
    EXPECT_EQ(run(words).out, "USER  ROLE    SINCE                 BY\n"
                              "ada   owner   2026-01-01T00:00:00Z  root\n"
                              "dev   viewer  2026-01-02T00:00:00Z  ada\n");
  const auto none = run({"members", "--tenant", "other"});
  EXPECT_EQ(none.out, "");
  EXPECT_NE(none.err.find("Nobody"), std::string::npos);
}

TEST_F(CliMembersTest, OnlyTheTokenOfANewMemberGoesToStdout) {
  platform.on("POST /v1/tenants/acme/members",
              {201, R"({"tenant":"acme","user":"dev","role":"developer","token":"bim_1_x"})"});
  const auto ran = run({"members", "add", "dev", "--role", "developer"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.out, "bim_1_x\n");
  EXPECT_NE(ran.err.find("backend-im auth login --url " + platform.url()), std::string::npos);
  EXPECT_EQ(platform.seen("POST /v1/tenants/acme/members").at(0).body,
            R"({"user":"dev","role":"developer"})");
}

TEST_F(CliMembersTest, ARoleIsOneOfFour) {
  EXPECT_EQ(run({"members", "add", "dev"}).code, 2);
  const auto ran = run({"members", "set", "dev", "--role", "develper"});
  EXPECT_EQ(ran.code, 2);
  EXPECT_NE(ran.err.find("did you mean \"developer\""), std::string::npos) << ran.err;
  EXPECT_TRUE(platform.seen().empty());
}

TEST_F(CliMembersTest, ARefusalSaysWhatToDo) {
  platform.on("PUT /v1/tenants/acme/members/dev",
              {403, R"({"code":"forbidden","status":403,"detail":"This needs own.",)"
                    R"("next":"Ask an owner."})"});
  const auto ran = run({"members", "set", "dev", "--role", "owner"});
  EXPECT_EQ(ran.code, 3);
  EXPECT_NE(ran.err.find("This needs own."), std::string::npos);
  EXPECT_NE(ran.err.find("next: Ask an owner."), std::string::npos);
}

TEST_F(CliMembersTest, ChangesAndRemovesAreSaid) {
  platform.on("PUT /v1/tenants/acme/members/dev", {200, two});
  platform.on("DELETE /v1/tenants/acme/members/dev", {200, two});
  EXPECT_NE(run({"members", "set", "dev", "--role", "viewer"}).err.find("dev is viewer"),
            std::string::npos);
  EXPECT_NE(run({"members", "remove", "dev"}).err.find("no member"), std::string::npos);
}

TEST_F(CliMembersTest, TenantsAreListedAndMade) {
  platform.on("GET /v1/tenants",
              {200, R"({"items":[{"tenant":"acme","owners":["ada","ben"],"members":3,)"
                    R"("created":"2026-01-01T00:00:00Z"},{"tenant":"main","owners":[],)"
                    R"("members":0}]})"});
  platform.on("POST /v1/tenants",
              {201, R"({"tenant":"new","user":"eva","role":"owner","token":"bim_2_y"})"});
  EXPECT_EQ(run({"tenants"}).out, "TENANT  MEMBERS  OWNERS    CREATED\n"
                                  "acme    3        ada, ben  2026-01-01T00:00:00Z\n"
                                  "main    0\n");
  EXPECT_EQ(run({"tenants", "create", "new"}).code, 2);
  EXPECT_EQ(run({"tenants", "create", "new", "--owner", "eva"}).out, "bim_2_y\n");
}

} // namespace
