#include "protocol/edge_rules.hpp"
#include "protocol/json.hpp"
#include "protocol/release.hpp"
#include "protocol/types.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

using namespace backendim;

namespace {

/// What is wrong with these rules; an empty pointer: nothing.
decode_error wrong_in(const std::string& text) {
  const auto rules = from_json_text<edge_rules>(text);
  if (!rules)
    return rules.error().context().get_as<decode_error>(0);
  return problem_in(*rules).value_or(decode_error{});
}

TEST(EdgeRulesTest, WhatIsMeantWellFits) {
  const auto x = wrong_in(
    R"({"rate_limit":{"requests":50,"seconds":1,"burst":100},"basic_auth":{"staging":"${SECRET:PW}"},)"
    R"("allow":["10.0.0.0/8","2001:db8::/32","203.0.113.7"],"max_body":"10MB","redirects":[)"
    R"({"from":"/old","to":"/new"},{"from":"/blog/*","to":"https://blog.example.org/*","status":301},)"
    R"({"from":"/x/*","to":"/y?from=x"}]})");
  EXPECT_EQ(x.pointer, "") << x.expected;
}

struct mistake {
  const char* rules;
  const char* pointer;
  const char* suggestion = "";
};

class EdgeRulesMistakeTest : public testing::TestWithParam<mistake> {};

TEST_P(EdgeRulesMistakeTest, NamesThePlaceAndWhatIsClose) {
  const auto found = wrong_in(GetParam().rules);
  EXPECT_EQ(found.pointer, GetParam().pointer) << GetParam().rules;
  EXPECT_EQ(found.suggestion, GetParam().suggestion) << GetParam().rules;
  EXPECT_FALSE(found.expected.empty());
}

INSTANTIATE_TEST_SUITE_P(
  All, EdgeRulesMistakeTest,
  testing::Values(
    mistake{R"({"rate_limt":{}})", "/rate_limt", "rate_limit"},
    mistake{R"({"rate_limit":{"seconds":2}})", "/rate_limit/requests"},
    mistake{R"({"rate_limit":{"requests":0}})", "/rate_limit/requests"},
    mistake{R"({"rate_limit":{"requests":1,"seconds":3601}})", "/rate_limit/seconds"},
    mistake{R"({"rate_limit":{"requests":1,"burst":0}})", "/rate_limit/burst"},
    mistake{R"({"basic_auth":{}})", "/basic_auth"},
    mistake{R"({"basic_auth":{"a:b":"${SECRET:X}"}})", "/basic_auth/a:b"},
    mistake{R"({"basic_auth":{"staging":"hunter2"}})", "/basic_auth/staging",
            "${SECRET:STAGING_PASSWORD}"},
    mistake{R"({"basic_auth":{"staging":"x${SECRET:X}"}})", "/basic_auth/staging",
            "${SECRET:STAGING_PASSWORD}"},
    mistake{R"({"basic_auth":{"a-b":"${SECRET:}"}})", "/basic_auth/a-b", "${SECRET:A_B_PASSWORD}"},
    mistake{R"({"allow":[]})", "/allow"}, mistake{R"({"allow":["::1","home"]})", "/allow/1"},
    mistake{R"({"allow":["10.1.2.3/8"]})", "/allow/0", "10.0.0.0/8"},
    mistake{R"({"redirects":[{"to":"/a"}]})", "/redirects/0/from"},
    mistake{R"({"redirects":[{"from":"/a"}]})", "/redirects/0/to"},
    mistake{R"({"redirects":[{"from":"old","to":"/a"}]})", "/redirects/0/from", "/old"},
    mistake{R"({"redirects":[{"from":"/a*","to":"/b"}]})", "/redirects/0/from"},
    mistake{R"({"redirects":[{"from":"/a?b","to":"/b"}]})", "/redirects/0/from"},
    mistake{R"({"redirects":[{"from":"/a","to":"//evil.test"}]})", "/redirects/0/to"},
    mistake{R"({"redirects":[{"from":"/a","to":"ftp://x"}]})", "/redirects/0/to"},
    mistake{R"({"redirects":[{"from":"/a","to":"/b\r\nX: y"}]})", "/redirects/0/to"},
    mistake{R"({"redirects":[{"from":"/a","to":"/b/*"}]})", "/redirects/0/to", "/b"},
    mistake{R"({"redirects":[{"from":"/*","to":"/b/*"}]})", "/redirects/0/to"},
    mistake{R"({"redirects":[{"from":"/a","to":"/a?x=1"}]})", "/redirects/0/to"},
    mistake{R"({"redirects":[{"from":"/a","to":"/b","status":200}]})", "/redirects/0/status",
            "308"},
    mistake{R"({"max_body":"10M"})", "/max_body", "10MB"},
    mistake{R"({"max_body":"10 mib"})", "/max_body", "10mib"},
    mistake{R"({"max_body":"0"})", "/max_body"}, mistake{R"({"max_body":"much"})", "/max_body"},
    mistake{R"({"max_body":"99999999999999999999GB"})", "/max_body"}));

TEST(EdgeRulesTest, PasswordsAreNotRepeated) {
  const auto found = wrong_in(R"({"basic_auth":{"staging":"hunter2"}})");
  EXPECT_EQ((found.expected + found.found + found.suggestion).find("hunter2"), std::string::npos);
}

TEST(EdgeRulesTest, SizesCountInThousandsUnlessTheySayOtherwise) {
  EXPECT_EQ(parse_size("10MB"), 10'000'000u);
  EXPECT_EQ(parse_size("10MiB"), 10'485'760u);
  EXPECT_EQ(parse_size("512kb"), 512'000u);
  EXPECT_EQ(parse_size("7"), 7u);
  EXPECT_EQ(parse_size("7B"), 7u);
  for (const auto* bad : {"", "MB", "-1", "1.5MB", "1 MB", "1TB"})
    EXPECT_FALSE(parse_size(bad)) << bad;
}

TEST(EdgeRulesTest, RecordsOfBeforeHaveNone) {
  const auto old = from_json_text<route_info>(
    R"({"host":"a","service":"s","upstreams":["172.18.0.5:3000"],"page":"p","text":"t"})");
  ASSERT_TRUE(old) << render(old.error());
  EXPECT_FALSE(old->rules);
  EXPECT_FALSE(old->maintenance);
  const auto config = from_json_text<app_config>(R"({"port":3000})");
  ASSERT_TRUE(config);
  EXPECT_FALSE(config->edge);
}

} // namespace
