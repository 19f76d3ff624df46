#include "protocol/error.hpp"
#include "protocol/paths.hpp"
#include "protocol/types.hpp"
#include "tests/support/error_of.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

using namespace backendim;
using test::error_of;

namespace {

constexpr auto id = "01JABCDEFGHJKMNPQRSTVWXYZ0";

TEST(PathsTest, EachIsReadAsWhatItWasMadeFor) {
  std::set<path_kind> seen;
  const auto check = [&]<path_kind Kind>(const path<Kind>& x, const std::string& text,
                                         const std::string& tenant, const std::string& parent) {
    EXPECT_EQ(x.text, text);
    const auto read = parse_path(x.text);
    ASSERT_TRUE(read) << x.text;
    EXPECT_EQ(read->kind, Kind) << x.text;
    EXPECT_EQ(read->tenant(), tenant) << x.text;
    EXPECT_EQ(read->parent(), parent) << x.text;
    EXPECT_TRUE(x.text.starts_with(prefix_of(Kind))) << x.text;
    seen.insert(Kind);
  };
  const std::string ulid{id};
  check(tenant_path("acme"), "tenant/acme", "acme", "");
  check(quota_path("acme"), "quota/acme", "acme", "tenant/acme");
  check(app_path("acme", "shop"), "app/acme/shop", "acme", "tenant/acme");
  check(deployment_path("acme", id), "deployment/acme/" + ulid, "acme", "tenant/acme");
  check(task_path("acme", id), "task/acme/" + ulid, "acme", "tenant/acme");
  check(build_path("acme", id), "build/acme/" + ulid, "acme", "deployment/acme/" + ulid);
  check(rollout_path("acme", id), "rollout/acme/" + ulid, "acme", "deployment/acme/" + ulid);
  check(service_path("acme", "acme-shop-v1"), "service/acme/acme-shop-v1", "acme", "tenant/acme");
  check(gateway_path("n1.example"), "gateway/n1.example", "", "node/n1.example");
  check(node_path("N1_a"), "node/N1_a", "", "");
  check(disk_path("n1"), "disk/n1", "", "node/n1");
  check(accounts_path(), "accounts", "", "");
  check(domains_path(), "domains", "", "");
  check(incidents_path(), "incidents", "", "");
  check(build_queue_path(), "build_queue", "", "");
  check(reconciler_path(), "reconciler", "", "");
  EXPECT_EQ(seen.size(), path_kinds) << "a kind is not tried here";
}

TEST(PathsTest, WhatIsNoPathSaysSo) {
  for (const std::string unknown : {"", "/", "apps/acme/shop", "App/acme/shop", "secret"})
    EXPECT_EQ(error_of(parse_path(unknown)), ec::not_found) << unknown;
  for (const std::string wrong : {"app",
                                  "app/",
                                  "app/acme",
                                  "app/acme/",
                                  "app//shop",
                                  "app/acme/shop/",
                                  "app/acme/shop/x",
                                  "app/acme/Shop",
                                  "app/acme/shop-",
                                  "app/../shop",
                                  "app/acme/sh%20op",
                                  "accounts/",
                                  "accounts/x",
                                  "deployment/acme/1",
                                  "deployment/01JABCDEFGHJKMNPQRSTVWXYZ0",
                                  "service/acme/Shop",
                                  "service/acme/a_b",
                                  "node/",
                                  "node/a b",
                                  "node/\xff"})
    EXPECT_EQ(error_of(parse_path(wrong)), ec::invalid_request) << wrong;
}

TEST(PathsTest, WorkOfATenantIsNamedAfterIt) {
  const auto name = work_name("acme", id);
  EXPECT_EQ(tenant_of_work(name), "acme");
  EXPECT_EQ(id_of_work(name), id);
  EXPECT_EQ(tenant_of_work(id), "") << "of a release before";
  EXPECT_EQ(id_of_work(id), id);
}

} // namespace
