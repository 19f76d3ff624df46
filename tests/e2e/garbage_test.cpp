#include "tests/e2e/world.hpp"
#include "tests/support/eventually.hpp"

#include <boost/json.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <string>
#include <vector>

using namespace backendim;
namespace fs = std::filesystem;
namespace json = boost::json;

namespace {

constexpr int deploys = 13, kept = 10;

struct deployed {
  std::string id;
  std::string repository; ///< main/<app>
  std::string digest;
  std::string image; ///< Both, with the registry.
};

/// A platform that removes at once what nothing needs.
class GarbageTest : public ::testing::Test {
protected:
  static constexpr auto eager = R"({"disk":{"grace":0,"build_logs":2,"cache_age":0}})";
  const std::string registry = std::getenv("BACKENDIM_REGISTRY");

  static void restart(const std::string& settings) {
    auto& daemon = e2e::daemon_process::instance();
    daemon.stop();
    daemon.start(settings);
  }
  void SetUp() override { restart(eager); }
  void TearDown() override { restart("{}"); }

  static std::string page(const std::string& app, int version) {
    return "version " + std::to_string(version) + " of " + app;
  }

  static deployed deploy(const std::string& app, int version) {
    const auto source = e2e::copy_of("static", app);
    // Another app's page must differ: what is built the same is one image, which both retain.
    std::ofstream{source / "index.html"} << page(app, version) << "\n";
    const auto ran = e2e::cli({"deploy", "--app", app}, source);
    EXPECT_EQ(ran.exit_code, 0) << ran.err;
    // The app learns of it a moment after whoever follows the deployment.
    json::object about;
    EXPECT_TRUE(test::eventually([&] {
      const auto known = json::parse(e2e::api("/v1/apps/" + app).body).as_object();
      if (known.contains("live"))
        about = known.at("live").as_object();
      return about.contains("deployment") && about.at("deployment") == known.at("latest");
    }));
    deployed result;
    result.id = about.at("deployment").as_string();
    result.image = about.at("image").as_string();
    const auto slash = result.image.find('/'), at = result.image.find('@');
    result.repository = result.image.substr(slash + 1, at - slash - 1);
    result.digest = result.image.substr(at + 1);
    return result;
  }

  int manifest(const std::string& repository, const std::string& reference) const {
    return e2e::get("http://" + registry + "/v2/" + repository + "/manifests/" + reference,
                    {"-H", "Accept: application/vnd.oci.image.manifest.v1+json, "
                           "application/vnd.docker.distribution.manifest.v2+json"})
      .status;
  }

  static e2e::run_result docker(std::vector<std::string> words) {
    words.insert(words.begin(),
                 {"docker", "-H", std::string{"unix://"} + std::getenv("BACKENDIM_DOCKER_SOCKET")});
    return e2e::run(words);
  }
  static bool on_node(const std::string& image) {
    return docker({"image", "inspect", image}).exit_code == 0;
  }

  static fs::path log_of(const std::string& id) {
    return e2e::daemon_process::instance().state() / "logs" / ("main_" + id + ".log");
  }

  static json::value collect(const std::vector<std::string>& more = {}) {
    std::vector<std::string> words{"admin", "collect", "--json"};
    words.insert(words.end(), more.begin(), more.end());
    const auto ran = e2e::cli(words);
    EXPECT_EQ(ran.exit_code, 0) << ran.out << ran.err;
    return json::parse(ran.out);
  }
  static json::value of(const json::value& report, std::string_view kind) {
    for (const auto& x : report.at("kinds").as_array())
      if (x.at("what").as_string() == kind)
        return x;
    return {};
  }

  /// An image of somebody else's, in Docker and in the registry under several names.
  void push_foreign(const std::vector<std::string>& names) const {
    const auto made
      = e2e::run({"sh", "-c",
                  "tar c -C /etc hostname | docker -H unix://"
                    + std::string{std::getenv("BACKENDIM_DOCKER_SOCKET")} + " import - foreign:1"});
    ASSERT_EQ(made.exit_code, 0) << made.err;
    for (const auto& name : names) {
      docker({"tag", "foreign:1", registry + "/" + name});
      EXPECT_EQ(docker({"push", "-q", registry + "/" + name}).exit_code, 0);
    }
  }
};

TEST_F(GarbageTest, OldReleasesGoAndWhatIsRetainedStays) {
  std::vector<deployed> all;
  for (int i = 1; i <= deploys; ++i)
    all.push_back(deploy("tidy", i));
  push_foreign({"main/tidy:by-hand", "foreign/thing:1"});
  const auto blobs = e2e::daemon_process::instance().state() / "blobs";

  const auto looked = collect({"--dry-run"});
  EXPECT_GE(of(looked, "registry").at("removed").to_number<int>(), deploys - kept);
  for (const auto& x : all)
    EXPECT_EQ(manifest(x.repository, x.digest), 200) << "a dry run removes nothing";

  const auto done = collect();
  for (const auto& kind : done.at("kinds").as_array())
    EXPECT_EQ(kind.at("error"), "") << kind.at("what");
  EXPECT_GE(of(done, "registry").at("removed").to_number<int>(), deploys - kept);
  EXPECT_GT(of(done, "registry").at("freed_bytes").to_number<int64_t>(), 0);
  EXPECT_GE(of(done, "sources").at("removed").to_number<int>(), deploys);
  EXPECT_GT(of(done, "build_caches").at("freed_bytes").to_number<int64_t>(), 0);
  for (int i = 0; i < deploys; ++i) {
    const auto& x = all[static_cast<size_t>(i)];
    const bool stays = i >= deploys - kept;
    EXPECT_EQ(manifest(x.repository, x.digest), stays ? 200 : 404) << i;
    EXPECT_EQ(fs::exists(log_of(x.id)), stays) << i;
    if (!stays) {
      EXPECT_FALSE(on_node(x.image)) << i;
      continue;
    }
    docker({"image", "rm", x.image});
    EXPECT_EQ(docker({"pull", "-q", x.image}).exit_code, 0) << i << ": a rollback needs it";
  }
  EXPECT_EQ(manifest("main/tidy", "by-hand"), 200);
  EXPECT_EQ(manifest("foreign/thing", "1"), 200);
  EXPECT_TRUE(on_node("foreign:1"));
  EXPECT_EQ(e2e::get(e2e::url_of("tidy")).body, page("tidy", deploys));
  const auto shown = e2e::cli({"admin", "disk"});
  EXPECT_EQ(shown.exit_code, 0) << shown.err;
  EXPECT_NE(shown.out.find("Last collection (request"), std::string::npos) << shown.out;
  EXPECT_NE(e2e::api("/metrics").body.find("backendim_disk_freed_bytes"), std::string::npos);

  // The layers of the first version are gone; its build makes and pushes them again.
  const auto again = deploy("tidy", 1);
  EXPECT_EQ(e2e::get(e2e::url_of("tidy")).body, page("tidy", 1));
  EXPECT_EQ(manifest(again.repository, again.digest), 200);
  EXPECT_EQ(e2e::cli({"destroy", "tidy", "--confirm", "tidy"}).exit_code, 0);
  EXPECT_TRUE(test::eventually([&] {
    collect();
    return manifest(again.repository, again.digest) == 404;
  }))
    << "nothing of a destroyed app stays";
  EXPECT_EQ(manifest("main/tidy", "by-hand"), 200);
}

TEST_F(GarbageTest, KilledInTheMiddleOfItItGoesOnTheNextTime) {
  const auto first = deploy("killed", 1);
  deploy("other", 1);
  for (int i = 2; i <= kept + 1; ++i)
    deploy("killed", i);
  auto& daemon = e2e::daemon_process::instance();
  restart(R"({"disk":{"grace":0,"registry_gc":["sleep","600"]}})");
  auto begun = std::async(std::launch::async, [] {
    return e2e::api("/v1/disk/collect", {"-d", R"({"dry_run":false})", "-H",
                                         "Content-Type: application/json", "-m", "600"});
  });
  EXPECT_TRUE(test::eventually([&] { return manifest(first.repository, first.digest) == 404; }));
  daemon.kill();
  EXPECT_EQ(begun.get().status, 0) << "it was under way";
  daemon.start(eager);
  const auto done = collect();
  EXPECT_EQ(of(done, "registry").at("error"), "");
  EXPECT_EQ(manifest(first.repository, first.digest), 404);
  EXPECT_EQ(e2e::get(e2e::url_of("killed")).body, page("killed", kept + 1));
  EXPECT_EQ(e2e::get(e2e::url_of("other")).body, page("other", 1));
  deploy("killed", 1);
  EXPECT_EQ(e2e::get(e2e::url_of("killed")).body, page("killed", 1));
}

TEST_F(GarbageTest, WhoMayNotOperateMayNotCollect) {
  const auto token = e2e::cli({"admin", "token", "guests", "gast"});
  ASSERT_EQ(token.exit_code, 0) << token.err;
  const auto key = token.out.substr(0, token.out.find('\n'));
  const auto refused
    = e2e::get("http://127.0.0.1:7780/v1/disk", {"-H", "Authorization: Bearer " + key});
  EXPECT_TRUE(refused.status == 403 || refused.status == 404) << refused.status;
}

} // namespace
