// Whatever tenants and apps are called, nothing of one is taken for something of another.

#include "actors/domains.hpp"
#include "actors/release_tasks.hpp"
#include "protocol/app_name.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>

using namespace backendim;

namespace {

constexpr size_t longest_label = 63; // of a service and of a host: RFC 1035

using names = std::pair<std::string, std::string>;

/// Many of them join alike: they have few letters, and dashes everywhere.
std::set<names> random_names(size_t count) {
  std::mt19937 dice{12}; // the same each time
  const auto name = [&] {
    std::string result;
    do {
      const auto size = std::uniform_int_distribution<size_t>{1, dice() % 3 == 0 ? 40u : 5u}(dice);
      result = "a";
      while (result.size() < size)
        result += "ab1--v"[dice() % 6];
    } while (!is_name(result));
    return result;
  };
  std::set<names> result;
  while (result.size() < count) {
    auto tenant = name();
    result.emplace(std::move(tenant), name());
  }
  return result;
}

TEST(ReleaseNamesTest, ServicesOfDifferentAppsDiffer) {
  std::map<std::string, names> seen;
  for (const auto& pair : random_names(10'000))
    for (const uint32_t release : {1u, 11u, 4'294'967'295u}) {
      const auto service = service_name(pair.first, pair.second, release);
      for (const auto& each : {service, command_service(service)}) {
        EXPECT_LE(each.size(), longest_label) << each;
        const auto [known, fresh] = seen.emplace(each, pair);
        EXPECT_TRUE(fresh) << each << " is of " << pair.first << "/" << pair.second << " and of "
                           << known->second.first << "/" << known->second.second;
      }
    }
}

TEST(ReleaseNamesTest, WhatCanBeReadOneWayOnlyStaysPlain) {
  EXPECT_EQ(service_name("acme", "shop", 12), "acme-shop-v12");
  EXPECT_NE(service_name("a-b", "c", 1), service_name("a", "b-c", 1));
}

TEST(ReleaseNamesTest, HostsOfDifferentAppsDiffer) {
  domains_data known;
  std::set<std::string> seen;
  for (const auto& [tenant, app] : random_names(10'000)) {
    const claim_host wish{tenant, app, "example.com", {"", "host"}};
    const auto events = decide(known, wish, moment{});
    ASSERT_TRUE(events);
    for (const auto& event : *events)
      std::visit([&](const auto& x) { apply(known, x); }, event);
    const auto host = answer(known, wish);
    ASSERT_TRUE(host);
    EXPECT_LE(host->host.find('.'), longest_label) << host->host;
    EXPECT_TRUE(seen.insert(host->host).second) << host->host << " is two apps'";
  }
}

} // namespace
