#include "actors/redactor.hpp"
#include "adapters/crypto/vault.hpp"
#include "protocol/json.hpp"
#include "protocol/types.hpp"
#include "tests/support/temp_folder.hpp"

#include <boost/json.hpp>

#include <gtest/gtest.h>

#include <random>
#include <string>

using namespace backendim;

namespace {

using values = std::vector<std::pair<std::string, std::string>>;

TEST(RedactorTest, TakesValuesOutAndNamesThem) {
  const redactor x{values{{"TOKEN", "s3cr3t-value"}, {"PIN", "12"}}};
  EXPECT_EQ(x("login with s3cr3t-value ok"), "login with [secret TOKEN] ok");
  EXPECT_EQ(x("s3cr3t-values3cr3t-value"), "[secret TOKEN][secret TOKEN]");
  EXPECT_EQ(x("at 12:12"), "at 12:12") << "too short to be one";
  EXPECT_EQ(x(""), "");
  EXPECT_EQ(redactor{}("s3cr3t-value"), "s3cr3t-value");
}

TEST(RedactorTest, KnowsOtherFormsOfAValue) {
  const std::string value = "pa\"ss?w/rd+\xc3\xa4";
  const redactor x{values{{"P", value}}};
  for (const std::string shown : {"cGEic3M/dy9yZCvDpA==",     // base64
                                  "dXNlcjpwYSJzcz93L3JkK8Ok", // of "user:" and the value
                                  "eDpwYSJzcz93L3JkK8OkIQ==", // of "x:", the value and "!"
                                  "pa%22ss%3Fw%2Frd%2B%C3%A4", "pa%22ss%3fw%2frd%2b%c3%a4",
                                  "7061227373", // a beginning of its hex is no match
                                  "pa\\\"ss?w/rd+\xc3\xa4", "70612273733f772f72642bc3a4"}) {
    const auto redacted = x("<" + shown + ">");
    if (shown.size() == 10)
      EXPECT_EQ(redacted, "<" + shown + ">");
    else
      EXPECT_NE(redacted.find("[secret P]"), redacted.npos) << shown << " became " << redacted;
  }
}

TEST(RedactorTest, EachLineOfAKeyFileCounts) {
  const redactor x{values{{"KEY", "-----BEGIN-----\r\nMIIEabcdef\nQQ\n-----END-----\n"}}};
  EXPECT_EQ(x("MIIEabcdef"), "[secret KEY]");
  EXPECT_EQ(x("a -----END----- b"), "a [secret KEY] b");
}

TEST(RedactorTest, OverlappingValuesLeaveNothing) {
  const redactor x{values{{"A", "abcdef"}, {"B", "defghi"}, {"C", "abcdefgh"}}};
  EXPECT_EQ(x("1abcdefghi2"), "1[secret C]2");
}

TEST(RedactorTest, LeavesPlainText) {
  const redactor x{values{{"TOKEN", "s3cr3t-value"}}};
  EXPECT_EQ(x("caf\xE9 \x1b[1mopen\x1b[0m"), "caf\uFFFD open");
  EXPECT_EQ(x("s3cr\x1b[0m3t-\x07value"), "[secret TOKEN]") << "a value that colours cut in two";
  EXPECT_EQ(render(redactor{}(caf::make_error(ec::conflict, "caf\xE9"))), "conflict: caf\uFFFD");
}

TEST(RedactorTest, FailuresAndErrorsLoseThemToo) {
  const redactor x{values{{"TOKEN", "s3cr3t-value"}}};
  const auto why = x(make_failure(ec::build_failed, {cause::build_failed,
                                                     "said s3cr3t-value",
                                                     {"one", "curl s3cr3t-value"},
                                                     "unset s3cr3t-value"}));
  EXPECT_EQ(why, ec::build_failed);
  const auto told = failure_of(why);
  EXPECT_EQ(told.code, cause::build_failed);
  EXPECT_EQ(to_json(told).as_object().size(), 4u);
  EXPECT_EQ(boost::json::serialize(to_json(told)).find("s3cr3t"), std::string::npos);
  EXPECT_EQ(render(x(caf::make_error(ec::conflict, "s3cr3t-value"))), "conflict: [secret TOKEN]");
}

/// Whatever the values and the line, no value is left in it.
TEST(RedactorTest, NoValueSurvivesInAnyLine) {
  std::mt19937 random{7};
  const auto some = [&](size_t least, size_t most, std::string_view letters) {
    std::string result(least + random() % (most - least + 1), ' ');
    for (auto& c : result)
      c = letters[random() % letters.size()];
    return result;
  };
  for (int round = 0; round < 2'000; ++round) {
    values all; // few letters, so that values overlap and repeat; none that "[secret N]" has
    for (size_t i = 0; i <= random() % 4; ++i)
      all.emplace_back("N", some(4, 9, "xyzXY"));
    std::string line;
    for (int i = 0; i < 6; ++i)
      line += random() % 2 ? some(0, 6, "xyzXY") : all[random() % all.size()].second;
    const auto redacted = redactor{all}(line);
    for (const auto& [name, value] : all)
      ASSERT_EQ(redacted.find(value), redacted.npos) << line << " became " << redacted;
  }
}

TEST(RedactorTest, OpensWhatTheVaultSealed) {
  test::temp_folder folder;
  const auto keys = *crypto::open_vault(folder.path() / "master-keys");
  const sealed_secrets some{"acme",
                            "shop",
                            {{"TOKEN", 1, keys->seal({"acme", "shop", "TOKEN"}, "s3cr3t-value")},
                             {"GONE", 1, keys->seal({"other", "shop", "GONE"}, "never-shown")}}};
  EXPECT_EQ(redactor_of(*keys, some)("s3cr3t-value never-shown"), "[secret TOKEN] never-shown");
  EXPECT_FALSE(opened(*keys, some));
}

} // namespace
