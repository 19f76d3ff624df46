#include "protocol/ip_network.hpp"

#include <gtest/gtest.h>

#include <string>

using namespace backendim;

namespace {

bool in(const std::string& network, const std::string& address) {
  return parse_network(network).value().contains(parse_ip(address).value());
}

TEST(IpNetworkTest, ContainsWhatBeginsWithItsBits) {
  EXPECT_TRUE(in("10.0.0.0/8", "10.255.0.1"));
  EXPECT_FALSE(in("10.0.0.0/8", "11.0.0.0"));
  EXPECT_TRUE(in("192.168.4.0/22", "192.168.7.255"));
  EXPECT_FALSE(in("192.168.4.0/22", "192.168.8.0"));
  EXPECT_TRUE(in("203.0.113.7", "203.0.113.7"));
  EXPECT_FALSE(in("203.0.113.7", "203.0.113.6"));
  EXPECT_TRUE(in("0.0.0.0/0", "8.8.8.8"));
  EXPECT_TRUE(in("2001:db8::/32", "2001:db8:ffff::1"));
  EXPECT_FALSE(in("2001:db8::/32", "2001:db9::1"));
  EXPECT_TRUE(in("2001:db8::/33", "2001:db8:7fff::1"));
  EXPECT_FALSE(in("2001:db8::/33", "2001:db8:8000::1"));
  EXPECT_TRUE(in("::1", "::1"));
}

TEST(IpNetworkTest, FamiliesAreKeptApartButMappedAddressesAreTheirOwn) {
  EXPECT_FALSE(in("::/0", "8.8.8.8"));
  EXPECT_FALSE(in("0.0.0.0/0", "2001:db8::1"));
  EXPECT_TRUE(in("10.0.0.0/8", "::ffff:10.1.2.3"));
  EXPECT_TRUE(in("::ffff:10.0.0.0/104", "10.1.2.3"));
}

TEST(IpNetworkTest, WhatIsNoNetworkIsNone) {
  for (const auto* bad :
       {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/8/8", "10.0.0.0/-1", "::/129",
        "example.org", "10.0.0.0/ 8", " 10.0.0.1", "1.2.3.4:80"})
    EXPECT_FALSE(parse_network(bad)) << bad;
  EXPECT_FALSE(parse_ip(std::string(200, '1')));
}

TEST(IpNetworkTest, TextIsWithoutWhatTheBitsLeaveOut) {
  EXPECT_EQ(to_text(*parse_network("10.1.2.3/8")), "10.0.0.0/8");
  EXPECT_EQ(to_text(*parse_network("2001:db8:1::/32")), "2001:db8::/32");
  EXPECT_EQ(to_text(*parse_network("203.0.113.7")), "203.0.113.7/32");
}

} // namespace
