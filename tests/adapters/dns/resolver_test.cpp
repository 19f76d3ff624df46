#include "adapters/dns/resolver.hpp"
#include "protocol/error.hpp"
#include "tests/support/error_of.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/name_server.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

using namespace backendim;
using namespace std::chrono_literals;
using test::error_of;
using test::name_server;
using test::patience;

namespace {

const std::string name = "_backend-im.shop.example.com";
using texts = std::vector<std::string>;

name_server::reply with(std::vector<name_server::record> records) {
  name_server::reply result;
  result.records = std::move(records);
  return result;
}

TEST(ResolverTest, EachTxtRecordIsOneTextHoweverManyPiecesItHas) {
  std::string asked;
  name_server server{[&](const std::string& x, uint16_t type) {
    asked = x + " " + std::to_string(type);
    return with({{16, name_server::text({"backend-im=abc"})},
                 {16, name_server::text({"v=spf1 ", "include:", "example.org"})},
                 {16, name_server::text({""})}});
  }};
  const auto found = dns::resolver{server.address()}.texts(name, patience);
  ASSERT_TRUE(found) << render(found.error());
  EXPECT_EQ(*found, (texts{"backend-im=abc", "v=spf1 include:example.org", ""}));
  EXPECT_EQ(asked, name + " 16");
}

TEST(ResolverTest, WhatCannotBeShownIsNotShown) {
  name_server server{[](const std::string&, uint16_t) {
    return with({{16, name_server::text({std::string{"a\x1b[31m\0b\xff\xc3\xbc", 11}})}});
  }};
  const auto found = dns::resolver{server.address()}.texts(name, patience);
  ASSERT_TRUE(found) << render(found.error());
  EXPECT_EQ(*found, texts{"a?[31m?b???"});
}

TEST(ResolverTest, NoSuchNameAndNoSuchRecordAreNoTexts) {
  for (const unsigned code : {0u, 3u}) {
    name_server server{[code](const std::string&, uint16_t) {
      name_server::reply result;
      result.code = code;
      return result;
    }};
    const auto found = dns::resolver{server.address()}.texts(name, patience);
    ASSERT_TRUE(found) << code << render(found.error());
    EXPECT_TRUE(found->empty());
  }
}

TEST(ResolverTest, AServerThatRefusesOrTellsRubbishIsUnavailable) {
  for (const unsigned code : {2u, 5u}) { // SERVFAIL, REFUSED
    name_server server{[code](const std::string&, uint16_t) {
      name_server::reply result;
      result.code = code;
      return result;
    }};
    EXPECT_EQ(error_of(dns::resolver{server.address()}.texts(name, patience)), ec::unavailable)
      << code;
  }
  name_server server{[](const std::string&, uint16_t) {
    auto result = with({{16, name_server::text({"backend-im=abc"})}});
    result.cut_off = true;
    return result;
  }};
  EXPECT_EQ(error_of(dns::resolver{server.address()}.texts(name, patience)), ec::unavailable);
}

TEST(ResolverTest, SilenceEndsAtTheDeadlineAndAtTheStop) {
  name_server server{[](const std::string&, uint16_t) {
    name_server::reply result;
    result.silent = true;
    return result;
  }};
  EXPECT_EQ(error_of(dns::resolver{server.address()}.texts(name, 400ms)), ec::timed_out);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(error_of(dns::resolver{server.address()}.texts(name, 1h, stop.get_token())),
            ec::unavailable);
}

/// Somebody who guesses wrong which question it was is not believed.
TEST(ResolverTest, AnAnswerToAnotherQuestionIsNone) {
  name_server server{[](const std::string&, uint16_t) {
    auto result = with({{16, name_server::text({"backend-im=forged"})}});
    result.of_another = true;
    return result;
  }};
  EXPECT_EQ(error_of(dns::resolver{server.address()}.texts(name, 400ms)), ec::timed_out);
  EXPECT_TRUE(test::eventually([&] { return server.questions() != 0; }));
}

TEST(ResolverTest, AddressesOfBothKinds) {
  name_server server{[](const std::string&, uint16_t type) {
    if (type == 1)
      return with(
        {{1, std::string{"\xcb\x00\x71\x07", 4}}, {1, std::string{"\x7f\x00\x00\x01", 4}}});
    return with({{28, std::string{"\x20\x01\x0d\xb8", 4} + std::string(11, '\0') + "\x01"}});
  }};
  const auto found = dns::resolver{server.address()}.addresses("shop.example.com", patience);
  ASSERT_TRUE(found) << render(found.error());
  EXPECT_EQ(*found, (texts{"203.0.113.7", "127.0.0.1", "2001:db8::1"}));
}

TEST(ResolverTest, AServerIsAnAddressWithAPort) {
  for (const auto* good : {"127.0.0.1:53", "[::1]:5353"})
    EXPECT_TRUE(dns::is_server(good)) << good;
  for (const auto* bad : {"", "127.0.0.1", "dns.example.com:53", "127.0.0.1:", "::1:53",
                          "127.0.0.1:53,10.0.0.1:53", "127.0.0.1:x"})
    EXPECT_FALSE(dns::is_server(bad)) << bad;
}

} // namespace
