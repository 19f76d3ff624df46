#include "adapters/subprocess/run.hpp"
#include "protocol/types.hpp"
#include "tests/support/error_of.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/temp_folder.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

using namespace backendim;
using namespace std::chrono_literals;
using subprocess::command;
using test::error_of;
using test::temp_folder;

namespace {

using lines = std::vector<std::string>;

command shell(const std::string& script) {
  command x;
  x.argv = {"sh", "-c", script};
  x.env["PATH"] = "/usr/bin:/bin";
  return x;
}

/// What the script prints; the outcome is checked by the caller.
caf::expected<subprocess::outcome> run(const command& x, lines* said = nullptr,
                                       std::stop_token stop = {}) {
  return subprocess::run(
    x,
    [said](std::string_view line) {
      if (said)
        said->emplace_back(line);
    },
    std::move(stop));
}

/// Whether the process has ended or is about to: who was killed needs a moment to go, and whoever
/// adopted it another one to take its exit code.
bool ends(const std::string& pid) {
  return test::eventually([&] {
    std::ifstream stat{"/proc/" + pid + "/stat"};
    std::string number, name, state = "gone";
    stat >> number >> name >> state;
    return state == "gone" || state == "Z" || state == "X";
  });
}

/// Takes lines slower than they come: there is always one more to read.
void slow_reader(std::string_view) {
  const auto until = std::chrono::steady_clock::now() + 10us;
  while (std::chrono::steady_clock::now() < until) {
  }
}

int exit_code_of(const std::string& script) {
  const auto ran = run(shell(script));
  return ran ? ran->exit_code : -1;
}

TEST(SubprocessTest, TellsHowItEnded) {
  EXPECT_EQ(exit_code_of("exit 0"), 0);
  EXPECT_EQ(exit_code_of("exit 7"), 7);
  EXPECT_EQ(exit_code_of("kill -TERM $$"), 128 + SIGTERM);
  EXPECT_EQ(exit_code_of("no-such-command-here"), 127);
  const auto good = run(shell("true"));
  ASSERT_TRUE(good);
  EXPECT_TRUE(good->good());
}

TEST(SubprocessTest, BothOutputsBecomeLines) {
  lines said;
  ASSERT_TRUE(
    run(shell("echo one; echo two >&2; printf 'three\\r10%%\\r20%%\\r\\n\\n\\nfour'"), &said));
  EXPECT_EQ(said, (lines{"one", "two", "three", "10%", "20%", "four"}));
}

TEST(SubprocessTest, LongLinesAreCut) {
  lines said;
  ASSERT_TRUE(run(shell("head -c 100000 /dev/zero | tr '\\0' x; echo; echo short"), &said));
  EXPECT_EQ(said, (lines{std::string(16 << 10, 'x'), "short"}));
}

TEST(SubprocessTest, TailIsTheLastLines) {
  const auto ran = run(shell("seq 1 1000"));
  ASSERT_TRUE(ran);
  ASSERT_EQ(ran->tail.size(), 50u);
  EXPECT_EQ(ran->tail.front(), "951");
  EXPECT_EQ(ran->tail.back(), "1000");
}

TEST(SubprocessTest, AllOutputOfAProgramThatEndsAtOnceIsRead) {
  lines said;
  ASSERT_TRUE(run(shell("seq 1 20000"), &said));
  EXPECT_EQ(said.size(), 20'000u);
}

TEST(SubprocessTest, StopKillsItsGrandchildrenToo) {
  std::stop_source stop;
  lines said;
  const auto ran = subprocess::run( // which would take an hour by itself
    shell("trap '' TERM; sleep 4000 & echo $!; sleep 4000"),
    [&](std::string_view line) {
      said.emplace_back(line);
      stop.request_stop();
    },
    stop.get_token());
  ASSERT_TRUE(ran);
  EXPECT_TRUE(ran->stopped);
  EXPECT_FALSE(ran->good());
  ASSERT_EQ(said.size(), 1u);
  EXPECT_TRUE(ends(said[0]));
}

TEST(SubprocessTest, StopBeforeTheStartEndsItToo) {
  std::stop_source stop;
  stop.request_stop();
  const auto ran = run(shell("sleep 1000"), nullptr, stop.get_token());
  ASSERT_TRUE(ran);
  EXPECT_TRUE(ran->stopped);
}

TEST(SubprocessTest, LimitEndsASilentProgram) {
  auto x = shell("sleep 1000");
  x.limit = 0s;
  const auto ran = run(x);
  ASSERT_TRUE(ran);
  EXPECT_TRUE(ran->stopped);
}

TEST(SubprocessTest, LimitEndsAProgramThatNeverStopsTalking) {
  auto x = shell("yes");
  x.limit = 1s; // at 0 s it has said nothing yet
  const auto ran = subprocess::run(x, slow_reader, {});
  ASSERT_TRUE(ran);
  EXPECT_TRUE(ran->stopped);
}

TEST(SubprocessTest, TalkativeProcessLeftBehindDoesNotHoldItUp) {
  const auto ran = subprocess::run(shell("setsid yes & exit 3"), slow_reader,
                                   {}); // another group: it outlives its parent
  ASSERT_TRUE(ran);
  EXPECT_EQ(ran->exit_code, 3);
  EXPECT_FALSE(ran->stopped);
}

TEST(SubprocessTest, ProcessesLeftInTheGroupEndWithIt) {
  lines said;
  const auto ran = run(shell("sleep 1000 & echo $!"), &said);
  ASSERT_TRUE(ran);
  ASSERT_EQ(said.size(), 1u);
  EXPECT_TRUE(ends(said[0]));
}

TEST(SubprocessTest, MissingProgramIsNotFound) {
  command x;
  x.argv = {"no-such-command-here"};
  EXPECT_EQ(error_of(run(x)), ec::not_found);
  x.argv = {"/no/such/path"};
  EXPECT_EQ(error_of(run(x)), ec::not_found);
  temp_folder folder;
  x.argv = {"sh"};
  x.env["PATH"] = folder.path().string();
  EXPECT_EQ(error_of(run(x)), ec::not_found);
}

TEST(SubprocessTest, FolderOnThePathIsNoProgram) {
  temp_folder folder;
  std::filesystem::create_directory(folder.path() / "sh");
  auto x = shell("exit 5");
  x.env["PATH"] = folder.path().string() + "::/usr/bin:/bin";
  const auto ran = run(x);
  ASSERT_TRUE(ran) << render(ran.error());
  EXPECT_EQ(ran->exit_code, 5);
}

TEST(SubprocessTest, WhatCannotStartIsUnavailable) {
  temp_folder folder;
  auto x = shell("true");
  x.folder = folder.path() / "missing";
  EXPECT_EQ(error_of(run(x)), ec::unavailable);
  x = shell("true");
  x.join_files = {folder.path() / "missing" / "cgroup.procs"};
  EXPECT_EQ(error_of(run(x)), ec::unavailable);
  const auto program = folder.path() / "program";
  std::ofstream{program} << "no program at all\n";
  std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  command bad;
  bad.argv = {program.string()};
  EXPECT_EQ(error_of(run(bad)), ec::unavailable);
}

TEST(SubprocessTest, EnvironmentIsNotInherited) {
  ::setenv("BACKENDIM_TEST_SECRET", "leaked", 1);
  auto x = shell("env | sort");
  x.env["ONLY"] = "this one";
  lines said;
  ASSERT_TRUE(run(x, &said));
  ::unsetenv("BACKENDIM_TEST_SECRET");
  for (const auto& line : said)
    EXPECT_EQ(line.find("leaked"), line.npos) << line;
  EXPECT_NE(std::ranges::find(said, "ONLY=this one"), said.end());
}

TEST(SubprocessTest, OpenDescriptorsAreNotInherited) {
  const int left_open = ::open("/dev/null", O_RDONLY); // without O_CLOEXEC, as others may
  lines said;
  ASSERT_TRUE(run(shell("ls /proc/self/fd | wc -l"), &said));
  ::close(left_open);
  EXPECT_EQ(said, lines{"4"}) << "three, and the one that ls reads the folder with";
}

TEST(SubprocessTest, StandardInputIsEmpty) {
  lines said;
  ASSERT_TRUE(run(shell("cat; echo end"), &said));
  EXPECT_EQ(said, lines{"end"});
}

TEST(SubprocessTest, RunsInItsFolderAndJoinsFiles) {
  temp_folder folder;
  std::ofstream{folder.path() / "procs"};
  auto x = shell("pwd -P");
  x.folder = folder.path();
  x.join_files = {folder.path() / "procs"};
  lines said;
  ASSERT_TRUE(run(x, &said));
  EXPECT_EQ(said, lines{std::filesystem::canonical(folder.path()).string()});
  std::ifstream in{folder.path() / "procs"};
  std::string text;
  in >> text;
  EXPECT_EQ(text, "0"); // the kernel's word for the writer itself
}

TEST(SubprocessTest, FilesHaveALimit) {
  temp_folder folder;
  auto x = shell("head -c 100000 /dev/zero > big");
  x.folder = folder.path();
  x.max_file_bytes = 10'000;
  const auto ran = run(x);
  ASSERT_TRUE(ran);
  EXPECT_FALSE(ran->good());
  EXPECT_LE(std::filesystem::file_size(folder.path() / "big"), 10'000u);
}

TEST(SubprocessTest, FindsProgramsInTheOrderOfThePath) {
  temp_folder folder;
  for (const auto* name : {"a", "b"}) {
    std::filesystem::create_directory(folder.path() / name);
    std::ofstream{folder.path() / name / "tool"};
  }
  const auto path = (folder.path() / "a").string() + ":" + (folder.path() / "b").string();
  EXPECT_EQ(subprocess::find_program("tool", path), "") << "not executable";
  std::filesystem::permissions(folder.path() / "b" / "tool", std::filesystem::perms::owner_all);
  EXPECT_EQ(subprocess::find_program("tool", path), folder.path() / "b" / "tool");
  EXPECT_EQ(subprocess::find_program("tool", ""), "");
}

} // namespace
