#include "protocol/canary.hpp"
#include "protocol/json.hpp"

#include <gtest/gtest.h>

#include <string>

using namespace backendim;
using namespace std::chrono_literals;

namespace {

decode_error problem_of(const std::string& text) {
  const auto config = from_json_text<deploy_config>(text);
  EXPECT_TRUE(config) << text;
  return problem_in_strategy(*config).value_or(decode_error{});
}

TEST(CanaryConfigTest, SharesAndTimesAreReadInTheirUsualForms) {
  EXPECT_EQ(parse_share("10%"), 1'000u);
  EXPECT_EQ(parse_share("2.5%"), 250u);
  EXPECT_EQ(parse_share("0.25"), 25u);
  EXPECT_EQ(parse_share("100"), 10'000u);
  for (const auto* bad : {"", "%", "101%", "1.234%", "-1%", "1e1", ".5", "5.", "10 %", "ten"})
    EXPECT_EQ(parse_share(bad), std::nullopt) << bad;
  EXPECT_EQ(share_text(1'000), "10%");
  EXPECT_EQ(share_text(250), "2.5%");
  EXPECT_EQ(share_text(5), "0.05%");
  EXPECT_EQ(parse_duration("90"), 90s);
  EXPECT_EQ(parse_duration("90s"), 90s);
  EXPECT_EQ(parse_duration("10m"), 10min);
  EXPECT_EQ(parse_duration("2h"), 2h);
  EXPECT_EQ(parse_duration("1d"), 24h);
  for (const auto* bad : {"", "s", "-1s", "1.5h", "10 m", "31d", "4294967296", "1w"})
    EXPECT_EQ(parse_duration(bad), std::nullopt) << bad;
}

TEST(CanaryConfigTest, WhatIsNotSaidHasItsDefault) {
  app_config x;
  EXPECT_EQ(canary_of(x), std::nullopt);
  x.deploy = deploy_config{};
  EXPECT_EQ(canary_of(x), std::nullopt);
  x.deploy->strategy = deploy_strategy::canary;
  EXPECT_EQ(canary_of(x), canary_terms{});
  x.deploy->canary = canary_config{};
  x.deploy->canary->weight = "5%";
  x.deploy->canary->duration = "5m";
  x.deploy->canary->auto_promote = false;
  EXPECT_EQ(canary_of(x), (canary_terms{500, 300s, 500, 20, false, 3'600s}));
  x.deploy->strategy = deploy_strategy::rolling;
  EXPECT_EQ(canary_of(x), std::nullopt);
}

TEST(CanaryConfigTest, WhatDoesNotFitIsNamedWithWhatWould) {
  const auto of = [](const std::string& canary) {
    return problem_of(R"({"strategy":"canary","canary":{)" + canary + "}}");
  };
  EXPECT_EQ(of("").pointer, "");
  EXPECT_EQ(of(R"("weight":"0%")").pointer, "/canary/weight");
  EXPECT_EQ(of(R"("weight":"100%")").pointer, "/canary/weight");
  EXPECT_EQ(of(R"("weight":"10 %")").suggestion, "10%");
  EXPECT_EQ(of(R"("duration":"0s")").pointer, "/canary/duration");
  EXPECT_EQ(of(R"("duration":"25h")").pointer, "/canary/duration");
  EXPECT_EQ(of(R"("duration":"5 Minutes")").suggestion, "5m");
  EXPECT_EQ(of(R"("max_error_rate":"0%")").pointer, "");
  EXPECT_EQ(of(R"("max_error_rate":"101%")").pointer, "/canary/max_error_rate");
  EXPECT_EQ(of(R"("min_requests":0)").pointer, "/canary/min_requests");
  EXPECT_EQ(of(R"("promote_deadline":"2h")").pointer, "/canary/promote_deadline")
    << "nobody is waited for";
  EXPECT_EQ(of(R"("auto_promote":false,"promote_deadline":"2h")").pointer, "");
  EXPECT_EQ(of(R"("auto_promote":false,"promote_deadline":"30s")").pointer,
            "/canary/promote_deadline")
    << "it would end before the duration does";
  EXPECT_EQ(of(R"("auto_promote":false,"duration":"2h")").pointer, "/canary")
    << "the default deadline is an hour";
  EXPECT_EQ(problem_of(R"({"canary":{}})").pointer, "/canary") << "the strategy is another one";
  EXPECT_EQ(problem_of(R"({"strategy":"rolling","canary":{}})").found, "strategy: rolling");
  EXPECT_EQ(problem_of(R"({"strategy":"rolling"})").pointer, "");
}

} // namespace
