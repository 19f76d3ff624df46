#include "tests/e2e/change_under_load.hpp"
#include "tests/e2e/name_server.hpp"
#include "tests/e2e/steady_load.hpp"
#include "tests/e2e/world.hpp"
#include "tests/support/built_server.hpp"
#include "tests/support/eventually.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

using namespace backendim;

namespace {

constexpr auto settings = R"({"deadlines": {"missing": 4000}, "traefik":
  {"api": "http://127.0.0.1:7790", "entry": "http://127.0.0.1:8081"}})";

constexpr auto with_names = R"({"deadlines": {"missing": 4000},
  "domains": {"resolver": "127.0.0.1:5353"}, "traefik":
  {"api": "http://127.0.0.1:7790", "entry": "http://127.0.0.1:8081"}})";

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream in{text};
  std::vector<std::string> result;
  for (std::string line; std::getline(in, line);)
    result.push_back(line);
  return result;
}

/// Returns when Traefik has asked twice where the platform should be, and got nothing.
void hang_up_on_traefik() {
  boost::asio::io_context context;
  const boost::asio::ip::tcp::endpoint platform{boost::asio::ip::address_v4::loopback(), 7780};
  boost::asio::ip::tcp::acceptor instead{context, platform};
  for (int i = 0; i != 2; ++i)
    instead.accept();
}

/// A platform with a Traefik that deploy/traefik has set up.
class TraefikE2eTest : public ::testing::Test {
protected:
  void SetUp() override {
    const auto built = test::built_server("traefik");
    if (!built)
      GTEST_SKIP();
    program_ = built->string();
    auto& daemon = e2e::daemon_process::instance();
    daemon.stop();
    daemon.start(settings);
    start();
  }
  void TearDown() override {
    if (program_.empty())
      return;
    stop();
    auto& daemon = e2e::daemon_process::instance();
    daemon.stop();
    daemon.start();
  }

  void start() {
    const auto state = e2e::daemon_process::instance().state();
    const auto set_up = e2e::run({BACKENDIM_SOURCE "/deploy/traefik", "--print-command", "--binary",
                                  program_, "--state", state.string(), "--web", "127.0.0.1:8081"});
    ASSERT_EQ(set_up.exit_code, 0) << set_up.err;
    auto words = lines_of(set_up.out);
    std::vector<char*> argv;
    for (auto& word : words)
      argv.push_back(word.data());
    argv.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::execv(argv[0], argv.data());
      ::_exit(127);
    }
    ASSERT_TRUE(
      test::eventually([] { return e2e::get("http://127.0.0.1:7790/api/version").status == 200; }));
  }
  void stop() {
    if (pid_ == 0)
      return;
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

  std::string program_;
  pid_t pid_ = 0;
};

TEST_F(TraefikE2eTest, AppsAnswerThroughItAndARedeployLosesNothing) {
  const auto source = e2e::samples() / "express";
  const auto first = e2e::cli({"deploy", "--app", "fronted"}, source);
  ASSERT_EQ(first.exit_code, 0) << first.err;
  const std::string url = "http://fronted-main.localhost:8081";
  EXPECT_EQ(first.out, url + "\n");
  EXPECT_EQ(e2e::get(url + "/").body, "Hello from express"); // at once: live means live
  e2e::steady_load load{"fronted-main.localhost", 8081, 100, 100'000};
  for (int i = 0; i != 2; ++i)
    EXPECT_EQ(e2e::cli({"deploy", "--app", "fronted"}, source).exit_code, 0);
  EXPECT_TRUE(test::eventually([&] { return load.good() + load.bad() >= 2'000; }));
  load.stop();
  EXPECT_EQ(load.bad(), 0u) << load.first_failures();
}

TEST_F(TraefikE2eTest, NoRequestFailsWhateverTheOperatorDoes) {
  e2e::change_under_load("crush", 8081);
}

TEST_F(TraefikE2eTest, ARestartOfThePlatformTakesNoHostAway) {
  ASSERT_EQ(e2e::cli({"deploy", "--app", "kept"}, e2e::samples() / "static").exit_code, 0);
  auto& daemon = e2e::daemon_process::instance();
  daemon.kill();
  hang_up_on_traefik();
  const std::string url = "http://kept-main.localhost:8081/";
  EXPECT_EQ(e2e::get(url).status, 502) << "routed, but nobody is behind it";
  daemon.start(settings);
  EXPECT_TRUE(test::eventually([&] { return e2e::get(url).status == 200; }));
}

/// Traefik listens where the world comes in: the question that proves it goes through it, too.
TEST_F(TraefikE2eTest, AnOwnDomainIsProvedAndServedThroughIt) {
  auto& daemon = e2e::daemon_process::instance();
  daemon.stop();
  daemon.start(with_names);
  e2e::name_server world;
  world.are({"--address=/fronted.example.test/127.0.0.1"});
  ASSERT_EQ(e2e::cli({"deploy", "--app", "named"}, e2e::samples() / "static").exit_code, 0);
  const auto added = e2e::cli({"domain", "add", "fronted.example.test", "--app", "named"});
  ASSERT_EQ(added.exit_code, 0) << added.err;
  const auto visit = [] {
    return e2e::get("http://fronted.example.test:8081/",
                    {"--noproxy", "*", "--resolve", "fronted.example.test:8081:127.0.0.1"});
  };
  EXPECT_EQ(visit().status, 404);
  const auto verified = e2e::cli({"domain", "verify", "fronted.example.test", "--app", "named"});
  EXPECT_EQ(verified.exit_code, 0) << verified.out << verified.err;
  EXPECT_EQ(visit().status, 200) << "at once: verify waits for Traefik";
  EXPECT_EQ(visit().body, e2e::get("http://named-main.localhost:8081/").body);
  ASSERT_EQ(e2e::cli({"destroy", "named", "--confirm", "named"}).exit_code, 0);
  EXPECT_TRUE(test::eventually([&] { return visit().status == 404; }));
}

TEST_F(TraefikE2eTest, WithoutTraefikANewAppIsNoSuccessAndSaysSo) {
  stop();
  const auto lost = e2e::cli({"deploy", "--app", "unseen"}, e2e::samples() / "static");
  EXPECT_EQ(lost.exit_code, 1) << lost.out;
  EXPECT_NE(lost.err.find("Traefik does not answer"), std::string::npos) << lost.err;
  start();
  EXPECT_EQ(e2e::cli({"deploy", "--app", "unseen"}, e2e::samples() / "static").exit_code, 0);
  EXPECT_EQ(e2e::get("http://unseen-main.localhost:8081/").status, 200);
}

TEST_F(TraefikE2eTest, TheConfigurationIsForItsOwnTokenOnly) {
  const std::string url = "http://127.0.0.1:7780/v1/traefik";
  EXPECT_EQ(e2e::get(url).status, 401);
  EXPECT_EQ(e2e::api("/v1/traefik").status, 401) << "an API token opens it";
}

} // namespace
