#include "tests/e2e/world.hpp"

#include <boost/json.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

using namespace backendim;
namespace fs = std::filesystem;
namespace json = boost::json;

namespace {

const std::string password = "pw-5d0c8e71f2a94b36";
const std::string rules = R"(edge:
  basic_auth: {staging: "${SECRET:STAGING}"}
  allow: [127.0.0.0/8]
  rate_limit: {requests: 20, seconds: 3600}
  redirects: [{from: /old/*, to: /new/*}]
  max_body: 10KB
)";

/// An app in Node that answers the path it was asked for and how much it was sent.
class GuardedTest : public ::testing::Test {
protected:
  const std::string name = "guarded";
  const std::string url = e2e::url_of(name);
  const fs::path folder = e2e::copy_of("static", name);

  void SetUp() override {
    fs::remove_all(folder);
    fs::create_directories(folder);
    std::ofstream{folder / "package.json"}
      << R"({"name": "guarded", "scripts": {"start": "node app.js"}})";
    std::ofstream{folder / "app.js"}
      << "require('http').createServer((q, s) => { let n = 0; q.on('data', x => n += x.length);\n"
         "  q.on('end', () => s.end(q.url + ' ' + n + ' ' + (q.headers.authorization || "
         "'none')));\n"
         "}).listen(process.env.PORT);\nprocess.on('SIGTERM', () => process.exit(0));\n";
  }

  void settings(const std::string& more) const {
    std::ofstream{folder / "backend-im.yml"} << "name: " << name << "\nport: 3000\n" << more;
  }
  e2e::run_result say(std::vector<std::string> words) const {
    return e2e::cli(std::move(words), folder);
  }
  e2e::http_answer ask(const std::string& path, std::vector<std::string> more = {}) const {
    return e2e::get(url + path, more);
  }
  e2e::http_answer enter(const std::string& path, std::vector<std::string> more = {}) const {
    more.insert(more.end(), {"-u", "staging:" + password});
    return e2e::get(url + path, more);
  }
};

TEST_F(GuardedTest, ReleasesBringTheirRulesAndMaintenanceStandsAboveThem) {
  settings(rules);
  const auto without = say({"deploy"});
  EXPECT_EQ(without.exit_code, 1);
  EXPECT_NE(without.err.find("secret_missing"), std::string::npos) << without.err;
  const auto file = fs::path{std::getenv("BACKENDIM_SCRATCH")} / "staging.env";
  std::ofstream{file} << "STAGING=" + password + "\n";
  ASSERT_EQ(say({"secret", "set", "--env-file", file.string()}).exit_code, 0);
  fs::remove(file);
  const auto deployed = say({"deploy"});
  ASSERT_EQ(deployed.exit_code, 0) << deployed.err;

  // Seven of twenty requests.
  EXPECT_EQ(ask("/").status, 401);
  EXPECT_EQ(ask("/", {"-u", "staging:wrong"}).status, 401);
  EXPECT_EQ(enter("/in").body, "/in 0 none");
  const auto moved
    = ask("/old/page?x=1", {"-o", "/dev/null", "-w", "%{redirect_url}\n%{http_code}"});
  EXPECT_EQ(moved.status, 308);
  EXPECT_EQ(moved.body, url + "/new/page?x=1");
  const auto body = [&](int kilobytes) {
    const auto path = folder / "body";
    std::ofstream{path} << std::string(static_cast<size_t>(kilobytes) * 1'000, 'x');
    return "@" + path.string();
  };
  EXPECT_EQ(enter("/", {"--data-binary", body(9)}).body, "/ 9000 none");
  EXPECT_EQ(enter("/", {"--data-binary", body(11)}).status, 413);
  EXPECT_EQ(enter("/", {"--data-binary", body(11), "-H", "Transfer-Encoding: chunked"}).status,
            413);
  int passed = 7, last = 0;
  for (; passed < 40 && (last = ask("/").status) == 401; ++passed)
    continue;
  EXPECT_EQ(last, 429);
  EXPECT_EQ(passed, 20);

  // Another release with other rules, and the way back.
  settings("edge: {allow: [203.0.113.0/24]}\n");
  ASSERT_EQ(say({"deploy"}).exit_code, 0);
  EXPECT_EQ(ask("/").status, 403);
  EXPECT_EQ(ask("/", {"-H", "X-Forwarded-For: 203.0.113.7"}).status, 403) << "made up";
  const auto difference = say({"diff", "v2", "v3"}).out;
  EXPECT_NE(difference.find("/config/edge/rate_limit/requests"), std::string::npos) << difference;
  EXPECT_NE(difference.find("/config/edge/allow"), std::string::npos) << difference;
  EXPECT_EQ(difference.find(password), std::string::npos);
  ASSERT_EQ(say({"rollback", "v2"}).exit_code, 0);
  EXPECT_EQ(ask("/").status, 401);
  EXPECT_EQ(enter("/back").body, "/back 0 none");

  // Maintenance, through a deployment and restarts.
  ASSERT_EQ(say({"maintenance", "on", "--message", "Back at noon."}).exit_code, 0);
  const auto page = enter("/");
  EXPECT_EQ(page.status, 503);
  EXPECT_NE(page.body.find("Back at noon."), std::string::npos) << page.body;
  EXPECT_NE(say({"status"}).out.find("Back at noon."), std::string::npos);
  settings("");
  ASSERT_EQ(say({"deploy"}).exit_code, 0);
  EXPECT_EQ(ask("/").status, 503) << "the new release is live, behind the page";
  auto& platform = e2e::daemon_process::instance();
  platform.restart_in_place();
  EXPECT_EQ(ask("/").status, 503);
  platform.stop();
  platform.start();
  EXPECT_EQ(ask("/").status, 503);
  ASSERT_EQ(say({"maintenance", "off"}).exit_code, 0);
  EXPECT_EQ(ask("/open").body, "/open 0 none");

  // Nothing of the platform's own has the password.
  for (const auto* kept : {"routes.json", "journal.db", "journal.db-wal"}) {
    std::ifstream in{platform.state() / kept, std::ios::binary};
    const std::string bytes{std::istreambuf_iterator<char>{in}, {}};
    EXPECT_EQ(bytes.find(password), std::string::npos) << kept;
  }
  EXPECT_EQ(platform.log().find(password), std::string::npos);
}

TEST_F(GuardedTest, RulesThatDoNotFitAreRefusedWithTheirPlace) {
  settings("edge:\n  basic_auth: {staging: hunter2}\n");
  const auto refused = say({"deploy"});
  EXPECT_NE(refused.exit_code, 0);
  EXPECT_NE(refused.err.find("backend-im.yml:4:"), std::string::npos) << refused.err;
  EXPECT_NE(refused.err.find("${SECRET:STAGING_PASSWORD}"), std::string::npos) << refused.err;
  EXPECT_EQ(refused.err.find("hunter2"), std::string::npos) << refused.err;
  const auto answer
    = e2e::api("/deploy", {"-H", "Content-Type: application/json", "-d",
                           R"({"app":"guarded","source":{"git":"https://example.org/x.git"},)"
                           R"("config":{"edge":{"max_body":"10M"}}})"});
  EXPECT_EQ(answer.status, 400);
  const auto problem = json::parse(answer.body);
  EXPECT_EQ(problem.at("pointer").as_string(), "/config/edge/max_body");
  EXPECT_EQ(problem.at("suggestion").as_string(), "10MB");
}

} // namespace
