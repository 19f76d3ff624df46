#include "tests/e2e/world.hpp"
#include "tests/support/eventually.hpp"

#include <boost/json.hpp>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

using namespace backendim;
namespace fs = std::filesystem;
namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

/// The journal as its operator looks after it, through the two programs.
class OperatorTest : public ::testing::Test {
protected:
  e2e::daemon_process& daemon = e2e::daemon_process::instance();
  fs::path file = daemon.state().parent_path() / "backup.tar.zst";
  fs::path config = daemon.state().parent_path() / "config.json";

  void SetUp() override { fs::remove(file); }

  static std::string events() {
    const auto ran = e2e::cli({"admin", "journal", "export"});
    EXPECT_EQ(ran.exit_code, 0) << ran.err;
    return ran.out;
  }
  e2e::run_result restore(std::vector<std::string> more = {}) const {
    std::vector<std::string> words{
      "env",         "PATH=" + fs::path{BACKENDIM_DAEMON}.parent_path().string() + ":/usr/bin:/bin",
      BACKENDIM_CLI, "admin",
      "restore",     file.string(),
      "--config",    config.string()};
    words.insert(words.end(), more.begin(), more.end());
    return e2e::run(words);
  }
  static void deploy(const std::string& app) {
    const auto done = e2e::cli({"deploy", "--app", app}, e2e::samples() / "static");
    ASSERT_EQ(done.exit_code, 0) << done.err;
  }
  static void await_app(const std::string& app) {
    EXPECT_TRUE(test::eventually([&] { return e2e::get(e2e::url_of(app) + "/").status == 200; }));
  }
};

TEST_F(OperatorTest, AFlippedByteIsNamedAndABackupBringsTheStreamBack) {
  deploy("kept");
  EXPECT_EQ(e2e::cli({"admin", "journal", "verify"}).exit_code, 0);
  const auto saved = e2e::cli({"admin", "backup", file.string()});
  ASSERT_EQ(saved.exit_code, 0) << saved.err;
  struct stat info {};
  ASSERT_EQ(::stat(file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  const auto before = events();
  EXPECT_NE(before.find("app/main/kept"), std::string::npos);

  EXPECT_EQ(restore({"--replace"}).exit_code, 1) << "the platform runs";
  daemon.stop();
  const auto journal = daemon.state() / "journal.db";
  std::ifstream in{journal, std::ios::binary};
  std::string bytes{std::istreambuf_iterator<char>{in}, {}};
  in.close();
  const auto place = bytes.find(R"("app":"kept","url":)"); // of its first event
  ASSERT_NE(place, std::string::npos);
  bytes[place + 8] = static_cast<char>(bytes[place + 8] ^ 1);
  std::ofstream{journal, std::ios::binary} << bytes;
  daemon.start();
  const auto looked = e2e::cli({"admin", "journal", "verify"});
  EXPECT_EQ(looked.exit_code, 1);
  EXPECT_NE(looked.out.find("app/main/kept"), std::string::npos) << looked.out;
  EXPECT_EQ(e2e::cli({"admin", "backup", file.string() + ".damaged"}).exit_code, 1);
  EXPECT_FALSE(fs::exists(file.string() + ".damaged"));
  daemon.stop();

  EXPECT_EQ(restore().exit_code, 1) << "there is a journal";
  const auto restored = restore({"--replace"});
  EXPECT_EQ(restored.exit_code, 0) << restored.err;
  daemon.start();
  EXPECT_EQ(e2e::cli({"admin", "journal", "verify"}).exit_code, 0);
  const auto after = events();
  EXPECT_EQ(after.substr(0, before.size()), before) << "every stream says what it said";
  await_app("kept");
}

TEST_F(OperatorTest, ABackupGoesOnWhileThePlatformWorks) {
  deploy("busy-journal");
  std::string started;
  for (int i = 0; i < 3; ++i) {
    started
      = e2e::cli({"deploy", "--app", "busy-journal", "--detach"}, e2e::samples() / "static").out;
    ASSERT_EQ(e2e::cli({"admin", "backup", file.string(), "--force"}).exit_code, 0);
  }
  (void)e2e::api("/v1/deployments/" + started.substr(0, started.find('\n')) + "/events");
  const auto listed = e2e::run({"tar", "--zstd", "-tf", file.string()});
  EXPECT_NE(listed.out.find("manifest.json"), std::string::npos) << listed.out << listed.err;
  EXPECT_NE(listed.out.find("blobs/"), std::string::npos) << listed.out;
}

TEST_F(OperatorTest, EventsAreInOrderWithoutAGap) {
  deploy("ordered");
  std::istringstream lines{events()};
  uint64_t position = 0;
  for (std::string line; std::getline(lines, line);)
    ASSERT_EQ(json::parse(line).at("position").to_number<uint64_t>(), ++position);
  EXPECT_GT(position, 5u);
}

} // namespace
