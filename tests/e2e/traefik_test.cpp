#include "tests/e2e/change_under_load.hpp"
#include "tests/e2e/name_server.hpp"
#include "tests/e2e/world.hpp"
#include "tests/support/built_server.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <future>
#include <sstream>
#include <thread>

using namespace backendim;
using namespace std::chrono_literals;

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
    for (const auto deadline = std::chrono::steady_clock::now() + 30s;
         e2e::get("http://127.0.0.1:7790/api/version").status != 200;)
      ASSERT_LT(std::chrono::steady_clock::now(), deadline);
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
  auto load = std::async(std::launch::async, [&] {
    return e2e::run({"curl", "-s", "-o", "/dev/null", "-w", "%{http_code}\n", "--rate", "6000/m",
                     "-m", "10", url + "/?[1-2000]"});
  });
  for (int i = 0; i != 2; ++i)
    EXPECT_EQ(e2e::cli({"deploy", "--app", "fronted"}, source).exit_code, 0);
  ASSERT_EQ(load.wait_for(0s), std::future_status::timeout) << "the deploys outlasted the load";
  const auto answers = lines_of(load.get().out);
  const auto good = std::ranges::count(answers, "200");
  RecordProperty("good", static_cast<int>(good));
  EXPECT_EQ(answers.size(), 2000u);
  EXPECT_EQ(good, 2000) << "failed: " << answers.size() - static_cast<size_t>(good);
}

TEST_F(TraefikE2eTest, NoRequestFailsWhateverTheOperatorDoes) {
  e2e::change_under_load("crush", 8081);
}

TEST_F(TraefikE2eTest, ARestartOfThePlatformTakesNoHostAway) {
  ASSERT_EQ(e2e::cli({"deploy", "--app", "kept"}, e2e::samples() / "static").exit_code, 0);
  auto& daemon = e2e::daemon_process::instance();
  daemon.kill();
  std::this_thread::sleep_for(1500ms); // Traefik asks for its configuration meanwhile
  const std::string url = "http://kept-main.localhost:8081/";
  EXPECT_EQ(e2e::get(url).status, 502) << "routed, but nobody is behind it";
  daemon.start(settings);
  for (const auto deadline = std::chrono::steady_clock::now() + 10s; e2e::get(url).status != 200;)
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
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
  for (const auto deadline = std::chrono::steady_clock::now() + 10s; visit().status != 404;)
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
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
