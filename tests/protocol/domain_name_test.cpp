#include "protocol/domain_name.hpp"
#include "protocol/error.hpp"

#include <gtest/gtest.h>

#include <string>

using namespace backendim;

namespace {

decode_error trouble(const std::string& text) {
  const auto name = domain_name(text, "/domain");
  if (name) {
    ADD_FAILURE() << text << " is taken as " << *name;
    return {};
  }
  EXPECT_EQ(name.error(), ec::invalid_request) << text;
  return name.error().context().get_as<decode_error>(0);
}

TEST(DomainNameTest, IsKeptInOneForm) {
  for (const auto* text : {"shop.example.com", "Shop.EXAMPLE.com", "shop.example.com."})
    EXPECT_EQ(*domain_name(text, "/domain"), "shop.example.com") << text;
  for (const auto* text : {"a.b", "xn--mnchen-3ya.de", "1.example.com", "a--b.c-d.example.org"})
    EXPECT_EQ(*domain_name(text, "/domain"), text);
}

TEST(DomainNameTest, HasLabelsOfAHost) {
  for (const std::string text :
       {"", ".", "a..com", ".example.com", "example.com..", "-a.example.com", "a-.example.com",
        "a_b.example.com", "a b.example.com", "a.example.com\n", "a.`example`.com"}) {
    const auto why = trouble(text);
    EXPECT_EQ(why.pointer, "/domain") << text;
    EXPECT_FALSE(why.expected.empty()) << text;
  }
  EXPECT_TRUE(domain_name(std::string(63, 'a') + ".com", ""));
  trouble(std::string(64, 'a') + ".com");
  std::string longest; // with the prefix of its record, it has 253 characters
  while (longest.size() < 230)
    longest += "abcdefghi.";
  longest += std::string(241 - longest.size() - 4, 'x') + ".com";
  ASSERT_EQ(longest.size(), 241u);
  EXPECT_TRUE(domain_name(longest, ""));
  EXPECT_NE(trouble("x" + longest).expected.find("241"), std::string::npos);
}

TEST(DomainNameTest, IsNoPartOfThisMachine) {
  for (const auto* text : {"localhost", "a.localhost", "LOCALHOST.", "printer", "127.0.0.1",
                           "10.0.0.256", "::1", "[::1]", "1.2"})
    trouble(text);
}

TEST(DomainNameTest, ARefusalSaysWhatToWriteInstead) {
  EXPECT_NE(trouble("*.example.com").expected.find("wildcard"), std::string::npos);
  EXPECT_NE(trouble("m\xc3\xbcnchen.de").expected.find("xn--"), std::string::npos);
  EXPECT_EQ(trouble("https://Shop.example.com/cart?x=1").suggestion, "shop.example.com");
  EXPECT_EQ(trouble("http://shop.example.com:8080").suggestion, "shop.example.com");
  trouble("shop.example.com:80");
  trouble("shop.example.com/cart");
}

TEST(DomainNameTest, OneIsWithinAnotherByWholeLabels) {
  EXPECT_TRUE(is_within("example.com", "example.com"));
  EXPECT_TRUE(is_within("a.b.example.com", "example.com"));
  EXPECT_FALSE(is_within("badexample.com", "example.com"));
  EXPECT_FALSE(is_within("example.com", "a.example.com"));
}

} // namespace
