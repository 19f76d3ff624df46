#include "tests/e2e/world.hpp"
#include "tests/support/eventually.hpp"

#include <boost/json.hpp>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <future>
#include <string>
#include <thread>
#include <vector>

using namespace backendim;
namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

const std::string program = BACKENDIM_CLI;

/// One app with a secret variable, for all of these tests.
class ExecTest : public ::testing::Test {
protected:
  static void SetUpTestSuite() {
    const auto source = e2e::copy_of("dockerfile", "entered");
    std::ofstream{source / "Dockerfile"} << "FROM web:12\nEXPOSE 8080\n";
    std::ofstream{source / "backend-im.yml"}
      << "name: entered\nenv: {KEY: '${SECRET:KEY}', TZ: UTC}\n";
    ASSERT_EQ(e2e::cli({"secret", "set", "KEY=hunter22", "--app", "entered"}).exit_code, 0);
    const auto deployed = e2e::cli({"deploy"}, source);
    ASSERT_EQ(deployed.exit_code, 0) << deployed.err;
  }
  static void TearDownTestSuite() {
    EXPECT_EQ(e2e::cli({"destroy", "entered", "--confirm", "entered"}).exit_code, 0);
  }

  static e2e::run_result sh(const std::string& script) { return e2e::run({"sh", "-c", script}); }
  /// A command line that runs *words* in the app's task.
  static std::string exec(const std::string& words, const std::string& flags = "") {
    return program + " exec --app entered " + flags + " -- " + words;
  }
  /// For a shell's script: waits until its terminal has so many columns.
  static std::string until_wide(const std::string& columns) {
    return "until stty size | grep -q " + columns + "; do sleep 0.1; done; ";
  }
  static std::string docker(const std::string& words) {
    return sh(std::string{"docker -H unix://"} + std::getenv("BACKENDIM_DOCKER_SOCKET") + " "
              + words)
      .out;
  }
  static json::object task() {
    const auto all = json::parse(e2e::api("/v1/apps/entered/tasks").body);
    return all.at("tasks").at(0).as_object();
  }
  /// How many processes of the app's container are called so.
  static int processes(const std::string& args) {
    return std::atoi(docker("top " + std::string{task().at("container").as_string()}
                            + " -eo pid,args | grep -c ' " + args + "$'")
                       .c_str());
  }
};

TEST_F(ExecTest, PipesGoThroughByteByByte) {
  EXPECT_EQ(sh("echo x | " + exec("cat")).out, "x\n");
  const auto apart = sh(exec("sh -c 'echo good; echo bad >&2; exit 3'") + " </dev/null");
  EXPECT_EQ(apart.out, "good\n");
  EXPECT_EQ(apart.err, "bad\n");
  EXPECT_EQ(apart.exit_code, 3);
  const auto large = sh("head -c 20000000 /dev/urandom >/tmp/large && " + exec("cat")
                        + " </tmp/large | cmp - /tmp/large && echo same; rm /tmp/large");
  EXPECT_EQ(large.out, "same\n") << large.err;
}

TEST_F(ExecTest, TheCommandSeesWhatTheAppSees) {
  const auto x = sh(exec("sh -c 'echo $KEY $TZ $PORT; cat /proc/1/comm'") + " </dev/null");
  EXPECT_EQ(x.exit_code, 0) << x.err;
  EXPECT_EQ(x.out.find("hunter22 UTC 8080\n"), 0u) << x.out;
}

TEST_F(ExecTest, AtATerminalTheCommandHasOne) {
  const auto x
    = sh("timeout 300 script -qec \"stty rows 31 cols 99; "
         + exec("sh -c '" + until_wide("99") + "tty; stty size; exit 5'") + "\" /dev/null");
  EXPECT_EQ(x.exit_code, 5) << x.out;
  EXPECT_NE(x.out.find("/dev/"), std::string::npos) << x.out;
  EXPECT_NE(x.out.find("31 99"), std::string::npos) << x.out;
  const auto none = sh("script -qec \"" + exec("tty", "-T") + "\" /dev/null");
  EXPECT_NE(none.out.find("not a tty"), std::string::npos) << none.out;
}

TEST_F(ExecTest, TheTerminalFollowsTheSizeOfOnesOwn) {
  const auto folder = e2e::copy_of("static", "resized");
  auto running = std::async(std::launch::async, [&] {
    return sh(
      "cd " + folder.string()
      + "; timeout 300 script -qefc \"stty rows 20 cols 60; (while [ ! -e now ]; do sleep 0.1; "
        "done; stty rows 40 cols 120 </dev/tty) & "
      + exec("sh -c '" + until_wide("60") + "echo it has begun; " + until_wide("120")
             + "stty size'")
      + "\" shown");
  });
  EXPECT_TRUE(test::eventually([&] {
    return sh("cat " + (folder / "shown").string()).out.find("it has begun") != std::string::npos;
  }));
  std::ofstream{folder / "now"};
  const auto x = running.get();
  EXPECT_NE(x.out.find("40 120"), std::string::npos) << x.out;
}

TEST_F(ExecTest, ATaskCanBeNamed) {
  const std::string id{task().at("id").as_string()};
  const auto x
    = sh(program + " exec --app entered " + id.substr(0, 12) + " -- echo here </dev/null");
  EXPECT_EQ(x.out, "here\n") << x.err;
  const auto none = sh(program + " exec --app entered nobody -- echo here </dev/null");
  EXPECT_EQ(none.exit_code, 4) << none.err;
}

TEST_F(ExecTest, AClientThatIsKilledTakesItsCommandAlong) {
  for (const std::string terminal : {"", "script -qec '"}) {
    const auto pid = ::fork();
    if (pid == 0) {
      ::setpgid(0, 0);
      const auto words = exec("sh -c \"sleep 4242 & trap : HUP; sleep 4242\"");
      const auto line
        = "sleep 1000 | "
          + (terminal.empty() ? words : terminal + words + "' /dev/null >/dev/null 2>&1");
      ::execlp("sh", "sh", "-c", line.c_str(), nullptr);
      ::_exit(127);
    }
    // Two of sleep, and the shell, whose script ends with the same words.
    EXPECT_TRUE(test::eventually([] { return processes("sleep 4242") == 3; }))
      << terminal << processes("sleep 4242");
    ::kill(-pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    EXPECT_TRUE(test::eventually([] { return processes("sleep 4242") == 0; })) << terminal;
  }
  EXPECT_EQ(e2e::get(e2e::url_of("entered") + "/").status, 404) << "the app serves on";
}

TEST_F(ExecTest, ARestartOfThePlatformEndsTheCommand) {
  std::thread client{[] { sh("sleep 20 | " + exec("sleep 4343")); }};
  EXPECT_TRUE(test::eventually([] { return processes("sleep 4343") == 1; }));
  e2e::daemon_process::instance().restart_in_place();
  EXPECT_TRUE(test::eventually([] { return processes("sleep 4343") == 0; }));
  client.join();
}

TEST_F(ExecTest, SilenceForTooLongEndsIt) {
  auto& daemon = e2e::daemon_process::instance();
  daemon.stop();
  daemon.start(R"({"exec_idle": 2000})");
  EXPECT_TRUE(
    test::eventually([] { return e2e::get(e2e::url_of("entered") + "/").status == 404; }));
  const auto x = sh("sleep 20 | " + exec("sleep 4444"));
  EXPECT_NE(x.exit_code, 0);
  EXPECT_NE(x.err.find("nothing happened for too long"), std::string::npos) << x.err;
  EXPECT_TRUE(test::eventually([] { return processes("sleep 4444") == 0; }));
  daemon.stop();
  daemon.start();
}

TEST_F(ExecTest, WhoDidWhatIsInTheLogAndWhatWasTypedIsNot) {
  sh("echo typed-by-somebody | " + exec("cat"));
  const auto log = e2e::daemon_process::instance().log();
  EXPECT_NE(log.find("exec began user=admin app=app/main/entered"), std::string::npos);
  EXPECT_NE(log.find("command=[\"cat\"]"), std::string::npos);
  EXPECT_EQ(log.find("typed-by-somebody"), std::string::npos);
}

TEST_F(ExecTest, StrangersAndReadersAreRefused) {
  const std::string at = "http://127.0.0.1:7780/v1/apps/entered/exec";
  const std::vector<std::string> upgrade{"-H",       "Connection: Upgrade",
                                         "-H",       "Upgrade: websocket",
                                         "-H",       "Sec-WebSocket-Version: 13",
                                         "-H",       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                                         "-m",       "10",
                                         "--http1.1"};
  const auto as = [&](const std::string& tenant, const std::string& may) {
    auto token = e2e::cli({"admin", "token", tenant, "eve-" + tenant + may, "--may", may}).out;
    token.resize(token.find_last_not_of('\n') + 1);
    auto words = upgrade;
    words.insert(words.end(), {"-H", "Authorization: Bearer " + token});
    return e2e::get(at, words).status;
  };
  EXPECT_EQ(e2e::get(at, upgrade).status, 401);
  EXPECT_EQ(as("evil", "deploy"), 404);
  EXPECT_EQ(as("main", "read"), 403);
  EXPECT_EQ(e2e::api("/v1/apps/entered/exec").status, 400) << "no WebSocket was asked for";
}

} // namespace
