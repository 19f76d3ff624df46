#include "tests/e2e/leftovers.hpp"
#include "tests/e2e/sandbox_server.hpp"
#include "tests/e2e/world.hpp"
#include "tests/support/eventually.hpp"

#include <boost/json.hpp>

#include <gtest/gtest.h>
#include <sys/mount.h>

#include <fstream>
#include <string>

using namespace backendim;
namespace fs = std::filesystem;
namespace json = boost::json;

namespace {

json::value deployment(const std::string& id) {
  return json::parse(e2e::api("/v1/deployments/" + id).body);
}

std::string begun(const std::string& app, const fs::path& source) {
  const auto started = e2e::cli({"deploy", "--app", app, "--detach"}, source);
  EXPECT_EQ(started.exit_code, 0) << started.err;
  return started.out.substr(0, started.out.find('\n'));
}

/// The reason for which the step under way is tried again; empty: none came.
std::string retried_for(const std::string& id) {
  std::string result;
  test::eventually(
    [&] {
      const auto now = deployment(id);
      const auto& steps = now.at("steps").as_array();
      if (const auto* why = steps.back().as_object().if_contains("why"); why && why->is_object())
        result = why->at("code").as_string();
      return !result.empty() || now.as_object().contains("error");
    },
    std::chrono::minutes{5});
  return result;
}

std::string end_of(const std::string& id) {
  (void)e2e::api("/v1/deployments/" + id + "/events", {"-m", "600"});
  return std::string{deployment(id).at("state").as_string()};
}

TEST(OutageTest, DeploymentWaitsForTheRegistryAndThenEnds) {
  e2e::sandbox_server registry{"docker-registry"};
  registry.kill();
  const auto id = begun("patient", e2e::samples() / "static");
  EXPECT_EQ(retried_for(id), "registry_unavailable");
  registry.restart();
  EXPECT_EQ(end_of(id), "succeeded") << deployment(id);
  EXPECT_EQ(e2e::get(e2e::url_of("patient") + "/").status, 200);
  EXPECT_EQ(e2e::leftovers(), "");
}

TEST(OutageTest, DeploymentWaitsForDockerAndThenEnds) {
  ASSERT_EQ(e2e::cli({"deploy", "--app", "steady"}, e2e::samples() / "static").exit_code, 0);
  e2e::sandbox_server docker{"dockerd"};
  docker.kill();
  const auto id = begun("steady", e2e::samples() / "express");
  EXPECT_EQ(retried_for(id), "engine_unavailable");
  docker.restart();
  EXPECT_EQ(end_of(id), "succeeded") << deployment(id);
  EXPECT_EQ(e2e::get(e2e::url_of("steady") + "/").body, "Hello from express");
  EXPECT_EQ(e2e::leftovers(), "");
}

/// A platform on a disk that a test fills.
class FullDiskTest : public ::testing::Test {
protected:
  e2e::daemon_process& daemon = e2e::daemon_process::instance();
  fs::path usual = daemon.state();
  const char* settings = R"({"admission": {"disk_floor_mb": 0}})"; // else nothing would fill it
  fs::path disk = usual.parent_path() / "small-disk";

  void SetUp() override {
    daemon.stop();
    fs::create_directories(disk);
    ASSERT_EQ(::mount("none", disk.c_str(), "tmpfs", 0, "size=700m"), 0);
    daemon.keep_state_in(disk / "state");
    daemon.start(settings);
  }

  void TearDown() override {
    daemon.stop();
    EXPECT_EQ(::umount2(disk.c_str(), MNT_DETACH), 0);
    daemon.keep_state_in(usual);
    daemon.start();
  }

  /// Leaves about so many bytes.
  void fill_but(uint64_t left) const {
    const auto free = fs::space(disk).available;
    ASSERT_GT(free, left);
    (void)e2e::run({"dd", "if=/dev/zero", "of=" + (disk / "filler").string(), "bs=4096",
                    "count=" + std::to_string((free - left) / 4096)});
  }
  void empty() const { fs::remove(disk / "filler"); }
};

TEST_F(FullDiskTest, SaysSoLosesNothingAndGoesOnWhenThereIsSpace) {
  ASSERT_EQ(e2e::cli({"deploy", "--app", "thrifty"}, e2e::samples() / "static").exit_code, 0);

  // In the middle of a build.
  const auto greedy = e2e::copy_of("static", "greedy");
  std::ofstream{greedy / "Dockerfile"} << "FROM debian:12\nRUN head -c 2G /dev/zero >/big\n";
  const auto built = e2e::cli({"deploy", "--app", "greedy", "--json"}, greedy);
  EXPECT_EQ(built.exit_code, 1);
  EXPECT_NE(built.out.find("disk_full"), std::string::npos) << built.out << built.err;

  // Where uploads and events go.
  fill_but(0);
  const auto refused = e2e::cli({"deploy", "--app", "thrifty"}, e2e::samples() / "express");
  EXPECT_NE(refused.exit_code, 0);
  EXPECT_EQ(e2e::get(e2e::url_of("thrifty") + "/").status, 200) << "what runs is not touched";
  EXPECT_EQ(e2e::api("/v1/apps/thrifty").status, 200);

  empty();
  EXPECT_EQ(e2e::cli({"deploy", "--app", "thrifty"}, e2e::samples() / "static").exit_code, 0);
  daemon.kill();
  daemon.start(settings);
  EXPECT_EQ(e2e::api("/v1/apps/thrifty").status, 200) << "the journal is whole";
  for (const auto* app : {"thrifty", "greedy"})
    EXPECT_EQ(e2e::cli({"destroy", app, "--confirm", app}).exit_code, 0);
  EXPECT_EQ(e2e::leftovers(), "");
}

} // namespace
