#include "tests/e2e/world.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/eventually.hpp"

#include <boost/json.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

using namespace backendim;
namespace fs = std::filesystem;
namespace json = boost::json;

namespace {

const std::string host = "guarded-by-tls-main.localhost";
const std::string url = "https://" + host + ":8443";

/// A platform that its operator gave a certificate.
class TlsE2eTest : public ::testing::Test {
protected:
  void SetUp() override {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    test::put_pair(folder_, "apps", first_.issue({host, "*.localhost"}));
    trust("first.pem", first_.root());
    trust("second.pem", second_.root());
    trust("both.pem", first_.root() + second_.root());
    platform_.stop();
    platform_.start(json::serialize(json::value{
      {"edge_tls",
       {{"listen", "127.0.0.1:8443"}, {"certificates", folder_.string()}, {"redirect", true}}}}));
  }
  void TearDown() override {
    platform_.stop();
    platform_.start();
  }

  void trust(const std::string& name, const std::string& roots) {
    std::ofstream{scratch_ / name} << roots;
  }
  e2e::http_answer ask(const std::string& trusted, std::vector<std::string> more = {}) {
    more.insert(more.end(),
                {"--cacert", (scratch_ / trusted).string(), "--resolve", host + ":8443:127.0.0.1"});
    return e2e::get(url + "/", more);
  }
  /// Whether it does at last to somebody who trusts this.
  bool answers(const std::string& trusted) {
    return test::eventually([&] { return ask(trusted).status == 200; });
  }
  std::string incidents() { return e2e::api("/v1/incidents").body; }

  fs::path scratch_ = std::getenv("BACKENDIM_SCRATCH");
  fs::path folder_ = scratch_ / "certificates";
  test::test_ca first_, second_;
  e2e::daemon_process& platform_ = e2e::daemon_process::instance();
};

TEST_F(TlsE2eTest, AppsAnswerByHttpsAndARenewalLosesNothing) {
  const auto deployed = e2e::cli({"deploy", "--app", "guarded-by-tls"}, e2e::samples() / "express");
  ASSERT_EQ(deployed.exit_code, 0) << deployed.err;
  EXPECT_EQ(deployed.out, url + "\n");
  EXPECT_EQ(ask("first.pem").body, "Hello from express");
  EXPECT_EQ(ask("second.pem").status, 0) << "its issuer is not trusted";
  const auto moved = e2e::get("http://" + host + ":8080/a?b",
                              {"-o", "/dev/null", "-w", "%{redirect_url}\n%{http_code}"});
  EXPECT_EQ(moved.status, 308);
  EXPECT_EQ(moved.body, url + "/a?b");

  // Both kinds of clients while its operator renews: one connection for all, and one for each.
  std::atomic<bool> enough{false};
  std::atomic<int> good{0}, bad{0};
  const auto keep_asking = [&](const std::vector<std::string>& more) {
    while (!enough) {
      auto words = more;
      words.insert(words.begin(), {"curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}\n", "-m",
                                   "600", "--cacert", (scratch_ / "both.pem").string(), "--resolve",
                                   host + ":8443:127.0.0.1"});
      const auto ran = e2e::run(words);
      std::istringstream lines{ran.out};
      for (std::string line; std::getline(lines, line);)
        ++(line == "200" ? good : bad);
      EXPECT_EQ(ran.exit_code, 0) << ran.err;
    }
  };
  std::thread same{keep_asking, std::vector<std::string>{url + "/?[1-200]"}};
  std::thread fresh{keep_asking,
                    std::vector<std::string>{"-H", "Connection: close", url + "/?[1-50]"}};
  for (const auto* issuer : {&second_, &first_, &second_}) {
    test::put_pair(folder_, "apps", issuer->issue({host, "*.localhost"}));
    EXPECT_TRUE(answers(issuer == &first_ ? "first.pem" : "second.pem"));
  }
  EXPECT_TRUE(test::eventually([&] { return good > 100 || bad > 0; }));
  enough = true;
  same.join();
  fresh.join();
  EXPECT_EQ(bad, 0);

  // A renewal that went wrong takes nothing down, neither now nor when it begins anew.
  auto wrong = second_.issue({host});
  wrong.key = second_.issue({host}).key;
  test::put_pair(folder_, "apps", wrong);
  ASSERT_TRUE(test::eventually([&] { return incidents().find("apps.key") != std::string::npos; }))
    << incidents();
  EXPECT_EQ(ask("second.pem").body, "Hello from express");
  platform_.hang_up();
  ASSERT_TRUE(
    test::eventually([&] { return platform_.log().find("not restarted: ") != std::string::npos; }))
    << platform_.log();
  EXPECT_EQ(ask("second.pem").body, "Hello from express");
  test::put_pair(folder_, "apps", first_.issue({host, "*.localhost"}));
  EXPECT_TRUE(answers("first.pem"));
  platform_.restart_in_place();
  EXPECT_EQ(ask("first.pem").body, "Hello from express");
  const auto metrics = e2e::api("/metrics").body;
  EXPECT_NE(metrics.find("backendim_edge_handshakes"), std::string::npos);
  EXPECT_NE(metrics.find("backendim_edge_certificate_end 1"), std::string::npos);
}

} // namespace
