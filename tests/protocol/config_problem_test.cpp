#include "protocol/config_problem.hpp"
#include "protocol/plain_text.hpp"
#include "protocol/runtime_name.hpp"
#include "protocol/types.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

using namespace backendim;

namespace {

/// What is wrong with these settings; an empty pointer: nothing.
decode_error wrong_in(const std::string& text) {
  const auto config = from_json_text<app_config>(text);
  if (!config)
    return config.error().context().get_as<decode_error>(0);
  return problem_in(*config).value_or(decode_error{});
}

/// A number with the first and last that fit, as JSON with "#" for it.
struct bounded_setting {
  const char* settings;
  const char* pointer;
  uint32_t least;
  uint32_t most;
};

void PrintTo(const bounded_setting& x, std::ostream* out) {
  *out << x.pointer;
}

class BoundedSettingTest : public testing::TestWithParam<bounded_setting> {
protected:
  static decode_error with(uint64_t number) {
    std::string text = GetParam().settings;
    text.replace(text.find('#'), 1, std::to_string(number));
    return wrong_in(text);
  }
};

TEST_P(BoundedSettingTest, FitsFromTheFirstToTheLast) {
  const auto& x = GetParam();
  EXPECT_EQ(with(x.least).pointer, "") << with(x.least).expected;
  EXPECT_EQ(with(x.most).pointer, "") << with(x.most).expected;
  const auto range = std::to_string(x.least) + " to " + std::to_string(x.most);
  for (const uint64_t beyond : {uint64_t{x.least} - 1, uint64_t{x.most} + 1}) {
    const auto problem = with(beyond);
    EXPECT_EQ(problem.pointer, x.pointer) << beyond;
    EXPECT_TRUE(problem.expected.starts_with("a whole number ")) << problem.expected;
    EXPECT_TRUE(problem.expected.ends_with(range)) << problem.expected;
    EXPECT_EQ(problem.found, std::to_string(beyond));
  }
}

INSTANTIATE_TEST_SUITE_P(
  All, BoundedSettingTest,
  testing::Values(
    bounded_setting{R"({"port":#})", "/port", 1, 65'535},
    bounded_setting{R"({"scaling":{"min":#,"max":20}})", "/scaling/min", 1, 20},
    bounded_setting{R"({"scaling":{"max":#}})", "/scaling/max", 1, 20},
    bounded_setting{R"({"scaling":{"cpu_threshold":#}})", "/scaling/cpu_threshold", 1, 100},
    bounded_setting{R"({"deploy":{"healthy_deadline":#}})", "/deploy/healthy_deadline", 1, 3'600},
    bounded_setting{R"({"deploy":{"strategy":"canary","canary":{"min_requests":#}}})",
                    "/deploy/canary/min_requests", 1, 1'000'000},
    bounded_setting{R"({"edge":{"rate_limit":{"requests":#}}})", "/edge/rate_limit/requests", 1,
                    1'000'000},
    bounded_setting{R"({"edge":{"rate_limit":{"requests":1,"seconds":#}}})",
                    "/edge/rate_limit/seconds", 1, 3'600},
    bounded_setting{R"({"edge":{"rate_limit":{"requests":1,"burst":#}}})", "/edge/rate_limit/burst",
                    1, 1'000'000}));

TEST(ConfigProblemTest, SecondsMayBeNone) {
  for (const std::string key : {"watch", "min_healthy_time"}) {
    EXPECT_EQ(wrong_in("{\"deploy\":{\"" + key + "\":0}}").pointer, "");
    const auto problem = wrong_in("{\"deploy\":{\"" + key + "\":3601}}");
    EXPECT_EQ(problem.pointer, "/deploy/" + key);
    EXPECT_EQ(problem.expected, "a whole number of seconds from 0 to 3600");
  }
}

/// A record may hold what is no longer taken.
TEST(ConfigProblemTest, TheCodecReadsNumbersOutOfBounds) {
  EXPECT_TRUE(from_json_text<app_config>(R"({"port":0,"scaling":{"cpu_threshold":400}})"));
}

TEST(ConfigProblemTest, TheSchemaHasTheBounds) {
  const auto schema = json_schema<app_config>();
  const auto& port = schema.at("properties").at("port");
  EXPECT_EQ(port.at("minimum"), 1);
  EXPECT_EQ(port.at("maximum"), 65'535);
  const auto& share = schema.at("properties").at("scaling").at("properties").at("cpu_threshold");
  EXPECT_EQ(share.at("minimum"), 1);
  EXPECT_EQ(share.at("maximum"), 100);
}

TEST(ConfigProblemTest, ANameIsADnsLabel) {
  EXPECT_EQ(wrong_in(R"({"name":"shop-2"})").pointer, "");
  const auto problem = wrong_in(R"({"name":"Shop-"})");
  EXPECT_EQ(problem.pointer, "/name");
  EXPECT_EQ(problem.suggestion, "shop");
}

TEST(ConfigProblemTest, ThePortOfTheEnvironmentIsOne) {
  for (const auto* good : {"1", "3000", "65535"})
    EXPECT_EQ(wrong_in("{\"env\":{\"PORT\":\"" + std::string{good} + "\"}}").pointer, "") << good;
  for (const auto* bad : {"", "0", "65536", "abc", "80 ", "-1", "8e1", "${SECRET:PORT}"})
    EXPECT_EQ(wrong_in("{\"env\":{\"PORT\":\"" + std::string{bad} + "\"}}").pointer, "/env/PORT")
      << bad;
}

TEST(ConfigProblemTest, ARuntimeIsALanguageAndAVersion) {
  for (const auto* good : {"node", "node@20", "node:20", "python:3.11"})
    EXPECT_EQ(wrong_in("{\"runtime\":\"" + std::string{good} + "\"}").pointer, "") << good;
  const auto problem = wrong_in(R"({"runtime":"pyhton:3.11"})");
  EXPECT_EQ(problem.pointer, "/runtime");
  EXPECT_EQ(problem.suggestion, "python@3.11");
  EXPECT_EQ(wrong_in(R"({"runtime":"node@latest"})").pointer, "/runtime");
  EXPECT_EQ(split_runtime("node:18").language, "node");
  EXPECT_EQ(split_runtime("node:18").version, "18");
  EXPECT_EQ(plain_runtime("node:18"), "node@18");
}

TEST(ConfigProblemTest, NoProcessIsGivenAZero) {
  for (const auto& [settings, pointer] : std::vector<std::pair<std::string, std::string>>{
         {R"({"env":{"A":"x\u0000y"}})", "/env/A"},
         {R"({"start":"run\u0000"})", "/start"},
         {R"({"build":{"command":"make\u0000"}})", "/build/command"},
         {R"({"deploy":{"release_command":"migrate\u0000"}})", "/deploy/release_command"}})
    EXPECT_EQ(wrong_in(settings).pointer, pointer);
}

/// It becomes a part of a request's first line.
TEST(ConfigProblemTest, AHealthPathHasNoControlCharacters) {
  EXPECT_EQ(wrong_in(R"({"health_check":"/a\u00e4"})").pointer, "");
  EXPECT_EQ(wrong_in(R"({"health_check":"/a\rb"})").pointer, "/health_check");
  EXPECT_EQ(wrong_in(R"({"health_check":"/a\u0001"})").pointer, "/health_check");
}

TEST(ConfigProblemTest, WhatIsRepeatedIsWholeCharactersAndSteersNothing) {
  std::string name = "x";
  while (name.size() < 200)
    name += "\u20ac";
  EXPECT_TRUE(is_utf8(wrong_in("{\"name\":\"" + name + "\"}").found));
  EXPECT_EQ(wrong_in(R"({"name":"a\u001b[31mb\nc"})").found, "\"ab c\"");
  EXPECT_EQ(wrong_in(R"({"a\nb":1})").found, "a b");
}

} // namespace
