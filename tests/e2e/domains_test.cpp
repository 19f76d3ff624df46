#include "tests/e2e/name_server.hpp"
#include "tests/e2e/world.hpp"

#include <boost/json.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

using namespace backendim;
using namespace std::chrono_literals;
namespace fs = std::filesystem;
namespace json = boost::json;

namespace {

std::string name; // of each test another one: whose it was before counts

class DomainsE2eTest : public ::testing::Test {
protected:
  e2e::name_server world;
  std::string ada, eve;

  void SetUp() override {
    auto& daemon = e2e::daemon_process::instance();
    daemon.stop();
    daemon.start(settings());
    static int count = 0;
    const auto suffix = std::to_string(++count);
    name = "shop" + suffix + ".example.test";
    for (const auto& [tenant, user, token] :
         {std::tuple{"shops" + suffix, "ada", &ada}, {"traps" + suffix, "eve", &eve}}) {
      const auto made = e2e::cli({"tenants", "create", tenant, "--owner", user});
      ASSERT_EQ(made.exit_code, 0) << made.err;
      *token = e2e::first_line(made.out);
    }
    deploy(ada, "shop");
    deploy(eve, "trap");
  }
  void TearDown() override {
    for (const auto& [token, app] : {std::pair{ada, "shop"}, {eve, "trap"}})
      e2e::cli_as(token, {"destroy", app, "--confirm", app});
    auto& daemon = e2e::daemon_process::instance();
    daemon.stop();
    daemon.start();
  }

  static std::string settings() {
    return std::string{R"({"domains": {"resolver": ")"} + e2e::name_server::address + "\"}}";
  }

  static void deploy(const std::string& token, const std::string& app) {
    const auto source = e2e::copy_of("dockerfile", app);
    std::ofstream{source / "Dockerfile"} << "FROM web:12\nCOPY index.html /app/\nEXPOSE 8080\n";
    std::ofstream{source / "index.html"} << "the page of " + app;
    const auto deployed = e2e::cli_as(token, {"deploy", "--app", app}, source);
    ASSERT_EQ(deployed.exit_code, 0) << deployed.err;
  }

  /// What the domain's own host answers.
  static e2e::http_answer visit(std::vector<std::string> more = {}) {
    more.insert(more.end(), {"--noproxy", "*", "--resolve", name + ":8080:127.0.0.1"});
    return e2e::get("http://" + name + ":8080/", more);
  }
  static std::string record(const std::string& value) {
    return "--txt-record=_backend-im." + name + "," + value;
  }
  static std::string leads_here() { return "--address=/" + name + "/127.0.0.1"; }
  static std::string value_for(const std::string& token, const std::string& app) {
    const auto added = e2e::cli_as(token, {"domain", "add", name, "--app", app, "--json"});
    EXPECT_EQ(added.exit_code, 0) << added.err;
    return added.exit_code == 0 ? std::string{json::parse(added.out).at("value").as_string()} : "";
  }
  static e2e::run_result verify(const std::string& token, const std::string& app) {
    return e2e::cli_as(token, {"domain", "verify", name, "--app", app});
  }
};

TEST_F(DomainsE2eTest, ADomainServesOnceItIsProvedAndIsItsAppsThroughAKillUntilTheEnd) {
  const auto told
    = e2e::cli_as(ada, {"domain", "add", "S" + name.substr(1) + ".", "--app", "shop"});
  ASSERT_EQ(told.exit_code, 0) << told.err;
  EXPECT_NE(told.out.find("_backend-im." + name), std::string::npos) << told.out;
  const auto value = value_for(ada, "shop");
  EXPECT_NE(told.out.find(value), std::string::npos) << "the same each time: " << told.out;
  const auto traps = value_for(eve, "trap");
  EXPECT_NE(value, traps);
  EXPECT_EQ(visit().status, 404);

  world.are({});
  auto found = verify(ada, "shop");
  EXPECT_EQ(found.exit_code, 1) << found.out;
  EXPECT_NE(found.out.find("There is no TXT record _backend-im." + name), std::string::npos)
    << found.out;
  world.are({record("backend-im=wrong"), record("v=spf1 -all")});
  found = verify(ada, "shop");
  EXPECT_EQ(found.exit_code, 1) << found.out;
  EXPECT_NE(found.out.find("expected  " + value), std::string::npos) << found.out;
  EXPECT_NE(found.out.find("backend-im=wrong"), std::string::npos) << found.out;
  EXPECT_NE(found.out.find("v=spf1 -all"), std::string::npos) << found.out;
  EXPECT_EQ(visit().status, 404);

  world.are({record(value), leads_here()});
  found = verify(eve, "trap");
  EXPECT_EQ(found.exit_code, 1) << "it leads here, but two want it: " << found.out;
  found = verify(ada, "shop");
  ASSERT_EQ(found.exit_code, 0) << found.out << found.err;
  EXPECT_EQ(visit().body, "the page of shop") << "at once";
  EXPECT_NE(e2e::cli_as(ada, {"status", "shop"}).out.find(name), std::string::npos);
  EXPECT_NE(e2e::cli_as(ada, {"apps", "--json"}).out.find(name), std::string::npos);

  for (const auto& words : std::vector<std::vector<std::string>>{
         {"domain", "add", name, "--app", "trap"}, {"domain", "verify", name, "--app", "trap"}}) {
    const auto refused = e2e::cli_as(eve, words);
    EXPECT_EQ(refused.exit_code, 1) << refused.out;
    EXPECT_NE(refused.err.find("somebody else"), std::string::npos) << refused.err;
    EXPECT_EQ(refused.err.find("shops"), std::string::npos) << refused.err;
  }

  auto& daemon = e2e::daemon_process::instance();
  daemon.kill();
  world.are({}); // what is proved needs no record
  daemon.start(settings());
  EXPECT_EQ(visit().body, "the page of shop");
  std::this_thread::sleep_for(17s); // what was only remembered is forgotten
  EXPECT_EQ(visit().body, "the page of shop");
  EXPECT_NE(e2e::cli_as(ada, {"domain", "list", "--app", "shop"}).out.find("verified"),
            std::string::npos);

  // Its rules and its pages are the app's.
  ASSERT_EQ(e2e::cli_as(ada, {"maintenance", "on", "shop", "--message", "Back at noon."}).exit_code,
            0);
  EXPECT_NE(visit().body.find("Back at noon."), std::string::npos);
  ASSERT_EQ(e2e::cli_as(ada, {"maintenance", "off", "shop"}).exit_code, 0);
  ASSERT_EQ(e2e::cli_as(ada, {"stop", "shop"}).exit_code, 0);
  EXPECT_EQ(visit().status, 503);
  EXPECT_NE(visit().body.find("shop is stopped"), std::string::npos) << visit().body;

  ASSERT_EQ(e2e::cli_as(ada, {"destroy", "shop", "--confirm", "shop"}).exit_code, 0);
  EXPECT_EQ(visit().status, 404);
  world.are({record(traps)});
  found = verify(eve, "trap");
  EXPECT_EQ(found.exit_code, 0) << found.out << found.err;
  EXPECT_EQ(visit().body, "the page of trap");
  ASSERT_EQ(e2e::cli_as(eve, {"domain", "remove", name, "--app", "trap"}).exit_code, 0);
  EXPECT_EQ(visit().status, 404);
  const auto events = e2e::cli({"admin", "journal", "export"}).out;
  for (const auto* type : {"domain_claimed", "domain_proven", "domain_released"})
    EXPECT_NE(events.find(type), std::string::npos) << type;
}

TEST_F(DomainsE2eTest, ThatADomainLeadsHereIsProofWhenNobodyElseWantsIt) {
  value_for(ada, "shop");
  world.are({});
  auto found = verify(ada, "shop");
  EXPECT_EQ(found.exit_code, 1);
  EXPECT_NE(found.out.find(name + " has no address"), std::string::npos) << found.out;
  world.are({"--address=/" + name + "/127.0.0.9"}); // where nobody is
  found = verify(ada, "shop");
  EXPECT_EQ(found.exit_code, 1);
  EXPECT_NE(found.out.find("127.0.0.9"), std::string::npos) << found.out;
  world.are({leads_here()});
  found = verify(ada, "shop");
  EXPECT_EQ(found.exit_code, 0) << found.out << found.err;
  EXPECT_EQ(visit().body, "the page of shop");
  // It still leads here when it is nobody's: that is no proof for the next one.
  ASSERT_EQ(e2e::cli_as(ada, {"domain", "remove", name, "--app", "shop"}).exit_code, 0);
  value_for(eve, "trap");
  EXPECT_EQ(verify(eve, "trap").exit_code, 1);
}

TEST_F(DomainsE2eTest, WhatIsNoDomainOfTheirsIsRefusedWithItsPlace) {
  for (const std::string wrong : {"shop-main.localhost", "localhost", "127.0.0.1", "*.example.test",
                                  "printer", "a_b.example.test", "m\xc3\xbcnchen.test"}) {
    const auto refused = e2e::cli_as(ada, {"domain", "add", wrong, "--app", "shop"});
    EXPECT_EQ(refused.exit_code, 2) << wrong << refused.out;
    EXPECT_NE(refused.err.find("DOMAIN"), std::string::npos) << refused.err;
    const json::object body{{"domain", wrong}};
    const auto answer
      = e2e::get("http://127.0.0.1:7780/v1/apps/shop/domains",
                 {"-H", "Authorization: Bearer " + ada, "-H", "Content-Type: application/json",
                  "--data-binary", json::serialize(body)});
    EXPECT_EQ(answer.status, 400) << answer.body;
    EXPECT_EQ(json::parse(answer.body).at("pointer"), "/domain") << answer.body;
  }
}

} // namespace
