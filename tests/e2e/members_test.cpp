#include "tests/e2e/world.hpp"

#include <boost/json.hpp>

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

using namespace backendim;
namespace fs = std::filesystem;

namespace {

std::string added(const std::string& by, const std::string& user, const std::string& role) {
  const auto made = e2e::cli_as(by, {"members", "add", user, "--role", role});
  EXPECT_EQ(made.exit_code, 0) << made.err;
  return e2e::first_line(made.out);
}

fs::path web(const std::string& name) {
  const auto source = e2e::copy_of("dockerfile", name);
  std::ofstream{source / "Dockerfile"} << "FROM web:12\nEXPOSE 8080\n";
  return source;
}

TEST(MembersTest, EachRoleDoesWhatItMayAndAChangeHoldsAtOnce) {
  const auto made = e2e::cli({"tenants", "create", "acme", "--owner", "ada"});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  const auto ada = e2e::first_line(made.out);
  const auto dev = added(ada, "dev", "developer"), vic = added(ada, "vic", "viewer");
  EXPECT_NE(e2e::cli_as(dev, {"auth", "whoami"}).out.find("dev, developer of acme"),
            std::string::npos);

  const auto source = web("teamwork");
  const auto deployed = e2e::cli_as(dev, {"deploy", "--app", "teamwork"}, source);
  ASSERT_EQ(deployed.exit_code, 0) << deployed.err;
  EXPECT_EQ(deployed.out, "http://teamwork-acme.localhost:8080\n");
  for (const auto& words :
       std::vector<std::vector<std::string>>{{"destroy", "teamwork", "--confirm", "teamwork"},
                                             {"secret", "set", "K=V", "--app", "teamwork"},
                                             {"members", "add", "eve", "--role", "viewer"},
                                             {"members", "set", "dev", "--role", "owner"},
                                             {"members", "remove", "ada"},
                                             {"tenants"}})
    EXPECT_EQ(e2e::cli_as(dev, words).exit_code, 3) << words.front() << " " << words.back();
  const auto refused = e2e::cli_as(dev, {"destroy", "teamwork", "--confirm", "teamwork"});
  EXPECT_NE(refused.err.find("next: An admin or owner of acme can give it: backend-im members set "
                             "dev --role admin"),
            std::string::npos)
    << refused.err;

  EXPECT_EQ(e2e::cli_as(vic, {"status", "teamwork"}).exit_code, 0);
  EXPECT_NE(e2e::cli_as(vic, {"members"}).out.find("dev   developer"), std::string::npos);
  EXPECT_EQ(e2e::cli_as(vic, {"scale", "2", "--app", "teamwork"}).exit_code, 3);
  EXPECT_EQ(e2e::cli_as(vic, {"deploy", "--app", "teamwork"}, source).exit_code, 3);

  EXPECT_EQ(e2e::cli_as(dev, {"scale", "1", "--app", "teamwork"}).exit_code, 0);
  EXPECT_EQ(e2e::cli_as(ada, {"members", "set", "dev", "--role", "viewer"}).exit_code, 0);
  EXPECT_EQ(e2e::cli_as(dev, {"scale", "1", "--app", "teamwork"}).exit_code, 3);
  EXPECT_EQ(e2e::cli_as(dev, {"status", "teamwork"}).exit_code, 0);

  const auto before = e2e::cli_as(ada, {"members", "--json"}).out;
  auto& daemon = e2e::daemon_process::instance();
  daemon.kill();
  daemon.start();
  EXPECT_EQ(e2e::cli_as(ada, {"members", "--json"}).out, before);
  EXPECT_EQ(e2e::cli_as(dev, {"scale", "1", "--app", "teamwork"}).exit_code, 3);
  EXPECT_EQ(e2e::cli_as(vic, {"status", "teamwork"}).exit_code, 0);

  EXPECT_EQ(e2e::cli_as(ada, {"members", "remove", "vic"}).exit_code, 0);
  EXPECT_EQ(e2e::cli_as(vic, {"status", "teamwork"}).exit_code, 3);
  EXPECT_EQ(e2e::cli_as(ada, {"members", "remove", "ada"}).exit_code, 1) << "the only owner";
  EXPECT_EQ(e2e::cli_as(ada, {"destroy", "teamwork", "--confirm", "teamwork"}).exit_code, 0);
}

/// Of "bim_<id>_<secret>".
std::string id_of(const std::string& token) {
  return token.substr(4, token.find('_', 4) - 4);
}

TEST(MembersTest, AnOperatorsTokenIsTakenBackWithItsSessions) {
  const auto made = e2e::cli({"admin", "token", "main", "otto", "--may", "operate"});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  const auto otto = e2e::first_line(made.out);
  const auto ask = [](const std::string& token) {
    return e2e::get("http://127.0.0.1:7780/v1/tenants", {"-H", "Authorization: Bearer " + token});
  };
  const auto opened
    = e2e::get("http://127.0.0.1:7780/v1/auth/login",
               {"-H", "Content-Type: application/json", "-d", "{\"token\":\"" + otto + "\"}"});
  ASSERT_EQ(opened.status, 200) << opened.body;
  const auto session = std::string{boost::json::parse(opened.body).at("token").as_string()};
  EXPECT_EQ(ask(otto).status, 200);
  EXPECT_EQ(ask(session).status, 200);
  const auto id = id_of(otto);
  EXPECT_NE(e2e::cli({"admin", "tokens"}).out.find(id), std::string::npos);

  const auto revoked = e2e::cli({"admin", "tokens", "revoke", id});
  EXPECT_EQ(revoked.exit_code, 0) << revoked.err;
  EXPECT_EQ(ask(otto).status, 401);
  EXPECT_EQ(ask(session).status, 401);
  EXPECT_EQ(e2e::cli({"admin", "tokens"}).out.find(id), std::string::npos);
  const auto again = e2e::cli({"admin", "tokens", "revoke", id});
  EXPECT_EQ(again.exit_code, 4);
  EXPECT_NE(again.err.find("backend-im admin tokens lists all"), std::string::npos) << again.err;
}

/// Whoever has read it has it no longer once it is replaced.
TEST(MembersTest, ThePlatformsOwnTokenIsReplacedAtAStart) {
  auto& daemon = e2e::daemon_process::instance();
  const auto file = daemon.state() / "admin.token";
  const auto token_in = [&] {
    std::ifstream in{file};
    std::string text;
    std::getline(in, text);
    return text;
  };
  const auto ask = [](const std::string& token) {
    return e2e::get("http://127.0.0.1:7780/v1/tenants", {"-H", "Authorization: Bearer " + token})
      .status;
  };
  const auto before = token_in();
  EXPECT_EQ(ask(before), 200);
  const auto refused = e2e::cli({"admin", "tokens", "revoke", id_of(before)});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(refused.err.find("admin.token"), std::string::npos) << refused.err;
  daemon.kill();
  fs::remove(file);
  daemon.start();
  const auto now = token_in();
  EXPECT_NE(now, before);
  EXPECT_EQ(ask(now), 200);
  EXPECT_EQ(ask(before), 401);
  EXPECT_EQ(e2e::cli({"tenants"}).exit_code, 0);
}

TEST(MembersTest, AQuotaRefusesWhatIsTooMuchAndSurvivesAKill) {
  const auto made = e2e::cli({"tenants", "create", "small", "--owner", "sue"});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  const auto sue = e2e::first_line(made.out);
  EXPECT_EQ(e2e::cli_as(sue, {"admin", "quota", "small", "--apps", "9"}).exit_code, 3);
  EXPECT_EQ(e2e::cli({"admin", "quota", "small", "--apps", "2", "--cpu", "3"}).exit_code, 0);
  for (const std::string app : {"one", "two"}) {
    const auto deployed = e2e::cli_as(sue, {"deploy", "--app", app}, web(app));
    ASSERT_EQ(deployed.exit_code, 0) << deployed.err;
  }
  auto third = e2e::cli_as(sue, {"deploy", "--app", "three"}, web("three"));
  EXPECT_EQ(third.exit_code, 3) << third.err;
  EXPECT_NE(third.err.find("small has 2 apps and may have 2"), std::string::npos) << third.err;
  EXPECT_NE(third.err.find("backend-im admin quota small --apps 3"), std::string::npos);
  EXPECT_NE(third.err.find("code quota_exceeded"), std::string::npos) << third.err;
  EXPECT_EQ(e2e::cli_as(sue, {"scale", "2", "--app", "one"}).exit_code, 0);
  EXPECT_EQ(e2e::cli_as(sue, {"scale", "2", "--app", "two"}).exit_code, 3);
  const auto again = e2e::cli_as(sue, {"deploy", "--app", "one"}, web("one"));
  EXPECT_EQ(again.exit_code, 0) << "two releases run at once for a moment: " << again.err;

  EXPECT_EQ(e2e::cli({"admin", "quota", "small", "--requests", "5"}).exit_code, 0);
  const auto refused_of_twenty = [] {
    const auto codes = e2e::run({"curl", "-s", "-o", "/dev/null", "-w", "%{http_code} ",
                                 "http://one-small.localhost:8080/[1-10]", "-o", "/dev/null",
                                 "http://two-small.localhost:8080/[1-10]"})
                         .out;
    size_t result = 0;
    for (size_t at = codes.find("429"); at != codes.npos; at = codes.find("429", at + 1))
      ++result;
    return result;
  };
  EXPECT_GE(refused_of_twenty(), 10u) << "of both apps together";
  EXPECT_EQ(e2e::cli({"admin", "quota", "small", "--requests", "any"}).exit_code, 0);
  EXPECT_EQ(refused_of_twenty(), 0u);

  const auto before = e2e::cli_as(sue, {"quota"}).out;
  EXPECT_NE(before.find("cpu             3         3"), std::string::npos) << before;
  auto& daemon = e2e::daemon_process::instance();
  daemon.kill();
  daemon.start();
  EXPECT_EQ(e2e::cli_as(sue, {"quota"}).out, before);
  third = e2e::cli_as(sue, {"deploy", "--app", "three"}, web("three"));
  EXPECT_EQ(third.exit_code, 3) << third.err;

  EXPECT_EQ(e2e::cli_as(sue, {"destroy", "one", "--confirm", "one"}).exit_code, 0);
  third = e2e::cli_as(sue, {"deploy", "--app", "three"}, web("three"));
  EXPECT_EQ(third.exit_code, 0) << third.err;
  for (const std::string app : {"two", "three"})
    EXPECT_EQ(e2e::cli_as(sue, {"destroy", app, "--confirm", app}).exit_code, 0);
}

} // namespace
