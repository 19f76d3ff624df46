#include "tests/cli/fake_platform.hpp"

#include <gtest/gtest.h>

#include <string>

using namespace backendim;
using test::CliTest;

namespace {

const std::string report
  = R"({"tenant":"acme","limits":{"apps":3,"cpu_millis":2500},"apps":1,"cpu_millis":2000,)"
    R"("memory_bytes":1073741824,"items":[{"app":"shop","tasks":2}]})";

class CliQuotaTest : public CliTest {
protected:
  CliQuotaTest() {
    log_in();
    platform.on("GET /v1/whoami",
                {200, R"({"user":"ada","tenant":"acme","may":"read","role":"viewer"})"});
    platform.on("GET /v1/tenants/acme/quota", {200, report});
    platform.on("PUT /v1/tenants/acme/quota", {200, report});
  }
};

TEST_F(CliQuotaTest, ShowsWhatThereIsAndMayBe) {
  const auto ran = run({"quota"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.out, "QUOTA           HAS       MAY HAVE\n"
                     "apps            1         3\n"
                     "cpu             2         2.5\n"
                     "memory          1024 MiB  any\n"
                     "builds at once            any\n"
                     "disk                      any\n"
                     "requests/s                any\n"
                     "\n"
                     "APP   TASKS\n"
                     "shop  2\n");
}

TEST_F(CliQuotaTest, AnOperatorChangesWhatIsNamedAndNothingElse) {
  EXPECT_EQ(run({"admin", "quota", "acme"}).code, 0);
  EXPECT_TRUE(platform.seen("PUT /v1/tenants/acme/quota").empty());
  EXPECT_EQ(
    run({"admin", "quota", "acme", "--cpu", "0.5", "--memory", "8GiB", "--builds", "2"}).code, 0);
  EXPECT_EQ(run({"admin", "quota", "acme", "--apps", "any"}).code, 0);
  const auto seen = platform.seen("PUT /v1/tenants/acme/quota");
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0].body, R"({"limits":{"apps":3,"cpu_millis":500,"memory_bytes":8589934592,)"
                          R"("builds":2}})");
  EXPECT_EQ(seen[1].body, R"({"limits":{"cpu_millis":2500}})");
}

TEST_F(CliQuotaTest, SizesHaveToBeUnderstood) {
  for (const auto& [flag, value] :
       std::vector<std::pair<std::string, std::string>>{{"--memory", "8"},
                                                        {"--memory", "8GB"},
                                                        {"--cpu", "x"},
                                                        {"--cpu", "-1"},
                                                        {"--apps", ""},
                                                        {"--builds", "1.5"}})
    EXPECT_EQ(run({"admin", "quota", "acme", flag + "=" + value}).code, 2) << flag << value;
  EXPECT_TRUE(platform.seen("PUT /v1/tenants/acme/quota").empty());
}

} // namespace
