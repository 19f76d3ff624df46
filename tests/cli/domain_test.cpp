#include "tests/cli/fake_platform.hpp"

#include <gtest/gtest.h>

#include <string>

using namespace backendim;
using test::CliTest;

namespace {

std::string info(const std::string& state, bool http = true) {
  return R"({"domain":"shop.example.com","app":"shop","state":")" + state
         + R"(","record":"_backend-im.shop.example.com","value":"backend-im=abc",)"
           R"("host":"shop-acme.apps.test","http":)"
         + (http ? "true" : "false") + R"(,"who":"ada","at":"2026-01-01T00:00:00Z"})";
}

std::string report(const std::string& state, const std::string& found) {
  return R"({"what":)" + info(state) + R"(,"expected":"backend-im=abc","found":)" + found
         + R"(,"addresses":[],"detail":"There it is, or not.","next":"Set it."})";
}

class CliDomainTest : public CliTest {
protected:
  const std::string list = "/v1/apps/shop/domains";
  CliDomainTest() { log_in(); }
};

TEST_F(CliDomainTest, AddSaysWhatToDo) {
  platform.on("POST " + list, {200, info("pending")});
  platform.on("POST " + list, {200, info("pending", false)});
  auto ran = run({"domain", "add", "Shop.example.com.", "--app", "shop"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  for (const auto* part :
       {"_backend-im.shop.example.com", "backend-im=abc", "shop-acme.apps.test",
        "backend-im domain verify shop.example.com --app shop", "that is proof enough"})
    EXPECT_NE(ran.out.find(part), std::string::npos) << part << "\n" << ran.out;
  EXPECT_EQ(platform.seen("POST " + list).at(0).body, R"({"domain":"shop.example.com"})");
  ran = run({"domain", "add", "shop.example.com", "--app", "shop"});
  EXPECT_EQ(ran.out.find("proof enough"), std::string::npos) << ran.out;
  EXPECT_EQ(run({"domain", "add", "shop.example.com", "--app", "shop", "--json"}).out,
            info("pending", false) + "\n");
}

TEST_F(CliDomainTest, AWrongNameIsRefusedBeforeAnybodyIsAsked) {
  for (const auto* verb : {"add", "verify", "remove"}) {
    const auto ran = run({"domain", verb, "https://shop.example.com/x", "--app", "shop"});
    EXPECT_EQ(ran.code, 2);
    EXPECT_NE(ran.err.find("DOMAIN"), std::string::npos) << ran.err;
    EXPECT_NE(ran.err.find("did you mean \"shop.example.com\""), std::string::npos) << ran.err;
  }
  EXPECT_TRUE(platform.seen().empty());
}

TEST_F(CliDomainTest, VerifyEndsWithWhetherItIs) {
  const auto target = "POST " + list + "/shop.example.com/verify";
  platform.on(target, {200, report("pending", R"(["v=spf1","backend-im=old"])")});
  platform.on(target, {200, report("pending", "[]")});
  platform.on(target, {200, report("verified", "[]")});
  auto ran = run({"domain", "verify", "shop.example.com", "--app", "shop"});
  EXPECT_EQ(ran.code, 1);
  EXPECT_NE(ran.out.find("expected  backend-im=abc"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("found     v=spf1, backend-im=old"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("next: Set it."), std::string::npos) << ran.out;
  ran = run({"domain", "verify", "shop.example.com", "--app", "shop"});
  EXPECT_NE(ran.out.find("found     nothing"), std::string::npos) << ran.out;
  ran = run({"domain", "verify", "shop.example.com", "--app", "shop"});
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.out.find("expected"), std::string::npos) << ran.out;
}

TEST_F(CliDomainTest, ListsAndRemoves) {
  platform.on("GET " + list,
              {200, R"({"tenant":"acme","app":"shop","items":[)" + info("pending") + "]}"});
  const auto listed = run({"domain", "list", "--app", "shop"});
  EXPECT_EQ(listed.code, 0) << listed.err;
  EXPECT_NE(listed.out.find("shop.example.com  pending"), std::string::npos) << listed.out;
  EXPECT_NE(listed.out.find("backend-im=abc"), std::string::npos) << listed.out;
  platform.on("DELETE " + list + "/shop.example.com",
              {200, R"({"tenant":"acme","app":"shop","items":[]})"});
  EXPECT_EQ(run({"domain", "remove", "shop.example.com", "--app", "shop"}).code, 0);
  EXPECT_EQ(platform.seen("DELETE " + list + "/shop.example.com").size(), 1u);
}

TEST_F(CliDomainTest, StatusShowsThem) {
  platform.on("GET /status/shop",
              {200, R"({"tenant":"acme","app":"shop","url":"http://shop-acme.apps.test",)"
                    R"("domains":["shop.example.com","www.example.com"]})"});
  const auto ran = run({"status", "shop"});
  EXPECT_NE(ran.out.find("domain  shop.example.com\ndomain  www.example.com"), std::string::npos)
    << ran.out;
}

} // namespace
