#include "protocol/event_codec.hpp"
#include "protocol/plain_text.hpp"
#include "protocol/types.hpp"
#include "tests/support/error_of.hpp"

#include <gtest/gtest.h>

#include <string>
#include <variant>

using namespace backendim;

namespace {

const std::string latin = "caf\xE9";
const std::string mended = "caf\uFFFD";

TEST(PlainTextTest, OnlyWholeCharactersAreUtf8) {
  for (const auto* good : {"", "plain", "eight by eight by eight", "été ✓ 𝄞 and so on and on"})
    EXPECT_TRUE(is_utf8(good)) << good;
  for (const auto* bad : {"caf\xE9", "\xC0\x9B", "\xE2\x80", "\xED\xA0\x80", "\xF5\x80\x80\x80",
                          "twelve bytes\x80", "\xF0\x9D\x84"})
    EXPECT_FALSE(is_utf8(bad)) << bad;
  EXPECT_EQ(valid_utf8("été ✓"), "été ✓");
  EXPECT_EQ(valid_utf8(latin), mended);
  EXPECT_EQ(valid_utf8("a\xE2\x80\nb"), "a\uFFFD\uFFFD\nb");
}

TEST(PlainTextTest, NothingInItSteersWhoShowsIt) {
  EXPECT_EQ(plain_text("caf\xE9 \x1b[31mred\x1b[0m\ttab\r"), "caf\uFFFD red\ttab");
  EXPECT_EQ(plain_text("one\ntwo\x7F \xC2\x9B"), "one two ");
  EXPECT_EQ(plain_text(std::string("nul\0l", 5)), "null");
}

TEST(PlainTextTest, WhatIsShortenedKeepsWholeCharacters) {
  const std::string many = "\u00e9\u00e9\u00e9"; // two bytes each
  EXPECT_EQ(shortened(many, 6), many);
  EXPECT_EQ(shortened(many, 5), "\u00e9\u00e9");
  EXPECT_EQ(shortened(many, 1), "");
  EXPECT_EQ(shortened("a\x1b[31mb\nc", 3), "ab ");
  EXPECT_EQ(in_quotes("caf\xE9\n"), "\"caf\uFFFD \"");
  std::string word = "x";
  while (word.size() < 200)
    word += "\u20ac";
  EXPECT_TRUE(is_utf8(in_quotes(word)));
  EXPECT_LE(in_quotes(word).size(), 82u);
}

using some_event = std::variant<deployment_ended>;

TEST(PlainTextTest, EveryEventThatIsWrittenCanBeRead) {
  deployment_ended x;
  x.error = failure{cause::app_crashed, "it crashed", {latin}, ""};
  const auto again = decode_event<some_event>(encode_event(some_event{x}, {}, {}));
  ASSERT_TRUE(again) << render(again.error());
  EXPECT_EQ(std::get<deployment_ended>(*again).error->evidence.at(0), mended);
}

TEST(PlainTextTest, AnEventOfBeforeThatHoldsOtherBytesCanBeRead) {
  deployment_ended x;
  x.error = failure{cause::app_crashed, "it crashed", {"?"}, ""};
  auto kept = encode_event(some_event{x}, {}, {});
  kept.body.replace(kept.body.find('?'), 1, "\xE9");
  const auto again = decode_event<some_event>(kept);
  ASSERT_TRUE(again) << render(again.error());
  EXPECT_EQ(std::get<deployment_ended>(*again).error->evidence.at(0), "\uFFFD");
}

} // namespace
