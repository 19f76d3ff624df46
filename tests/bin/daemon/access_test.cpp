#include "protocol/kinds.hpp"
#include "tests/bin/daemon/router_world.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>

using namespace backendim;
using namespace backendim::test;

namespace {

/// Who may do what, over HTTP.
class AccessTest : public RouterTest {};

/// The table of routes says what each needs. Each role of the tenant has just that, and the door
/// says no to whoever has less before it looks at anything.
TEST_F(AccessTest, EveryRouteAsksForWhatItsTableSays) {
  const auto roles = {role::viewer, role::developer, role::admin, role::owner};
  std::map<role, std::string> own, foreign;
  for (const auto as : roles) {
    own[as] = token_of("acme", as);
    foreign[as] = token_of("evil", as);
  }
  for (const auto& route : daemon::routes()) {
    const auto line = std::string{route.method} + " " + path_of(route, "tenant/acme");
    EXPECT_FALSE(route.open && route.needs > permission::read) << line;
    if (route.open)
      continue;
    EXPECT_EQ(ask(line).result_int(), 401u) << line;
    const bool names_acme = line.find("acme") != line.npos;
    for (const auto as : roles) {
      const auto got = ask(line, own[as]);
      const auto what = line + " as " + std::string{to_word(as)} + ": " + got.body();
      EXPECT_NE(got.result_int(), 401u) << what;
      EXPECT_EQ(got.result_int() == 403u, permission_of(as) < route.needs) << what;
      const auto strange = ask(line, foreign[as]);
      EXPECT_EQ(strange.body().find("\"ada\""), std::string::npos) << strange.body();
      if (names_acme) {
        EXPECT_TRUE(strange.result_int() == 403u || strange.result_int() == 404u
                    || strange.result_int() == 400u)
          << what << strange.body();
      }
      if (permission_of(as) < route.needs) {
        EXPECT_EQ(strange.result_int(), 403u) << what;
      }
    }
  }
}

/// The same for every message that an actor takes.
TEST_F(AccessTest, EveryMessageAsksForWhatItSays) {
  const auto roles = {role::viewer, role::developer, role::admin, role::owner};
  std::map<role, std::string> own, foreign;
  for (const auto as : roles) {
    own[as] = token_of("acme", as);
    foreign[as] = token_of("evil", as);
  }
  size_t seen = 0;
  for (const auto& kind : actor_kinds())
    for (const auto& message : kind.messages) {
      auto path = prefix_of(kind.kind);
      const auto& shape = shape_of(kind.kind);
      const bool of_tenant = shape.count > 0 && shape.parts[0] == path_part::tenant;
      if (shape.count > 0)
        path += "acme";
      if (shape.count > 1)
        path += shape.parts[1] == path_part::id ? "/01JABCDEFGHJKMNPQRSTVWXYZ0" : "/shop";
      const auto line = "POST /v1/actors/" + path + "/messages";
      const auto body = R"({"type":")" + std::string{message.name} + R"("})";
      for (const auto as : roles) {
        const auto got = ask(line, own[as], body).result_int();
        const auto what = path + " " + std::string{message.name} + " " + std::string{to_word(as)};
        if (of_tenant) {
          EXPECT_EQ(got == 403u, permission_of(as) < message.needs) << what << " " << got;
        } else {
          EXPECT_EQ(got, 404u) << what;
        }
        const auto strange = ask(line, foreign[as], body);
        EXPECT_EQ(strange.body().find("\"ada\""), std::string::npos) << strange.body();
        if (of_tenant) {
          EXPECT_EQ(strange.result_int(), 404u) << what;
        }
        ++seen;
      }
    }
  EXPECT_GT(seen, 80u);
}

TEST_F(AccessTest, AMemberIsAddedWithATokenAndHasItsRole) {
  const std::string members = "/v1/tenants/acme/members";
  const auto ada = token_of(permission::own);
  auto got = ask("POST " + members, ada, R"({"user":"dev","role":"developer"})");
  ASSERT_EQ(got.result_int(), 201u) << got.body();
  const auto token = std::string{body_of(got).at("token").as_string()};
  const auto me = body_of(ask("GET /v1/whoami", token));
  EXPECT_EQ(me.at("user"), "dev");
  EXPECT_EQ(me.at("tenant"), "acme");
  EXPECT_EQ(me.at("role"), "developer");
  EXPECT_EQ(body_of(ask("GET " + members, token)).at("items").as_array().size(), 2u);
  got = ask("POST " + members, token, R"({"user":"new","role":"viewer"})");
  EXPECT_EQ(got.result_int(), 403u);
  EXPECT_EQ(body_of(got).at("needs"), "administer");
  EXPECT_NE(got.body().find("backend-im members set dev --role admin"), std::string::npos)
    << got.body();
  got = ask("POST " + members, ada, R"({"user":"new","role":"viewr"})");
  EXPECT_EQ(got.result_int(), 400u);
  EXPECT_EQ(body_of(got).at("suggestion"), "viewer");
  EXPECT_EQ(ask("POST " + members, ada, R"({"user":"new","role":"viewer","x":1})").result_int(),
            400u);
  EXPECT_EQ(ask("POST " + members, ada, R"({"user":"dev","role":"viewer"})").result_int(), 409u);
  EXPECT_EQ(ask("POST /v1/tenants", ada, R"({"tenant":"t","owner":"u"})").result_int(), 403u);
  got = ask("POST /v1/tenants", token_of(permission::operate), R"({"tenant":"t","owner":"u"})");
  ASSERT_EQ(got.result_int(), 201u) << got.body();
  const auto owner = std::string{body_of(got).at("token").as_string()};
  EXPECT_EQ(body_of(ask("GET /v1/whoami", owner)).at("role"), "owner");
  EXPECT_EQ(ask("GET " + members, owner).result_int(), 404u);
}

TEST_F(AccessTest, AChangeOfRoleHoldsAtOnceForWhatIsThere) {
  const std::string dev = "/v1/tenants/acme/members/dev";
  const auto ada = token_of(permission::own);
  const auto added
    = ask("POST /v1/tenants/acme/members", ada, R"({"user":"dev","role":"developer"})");
  const auto token = std::string{body_of(added).at("token").as_string()};
  const auto session = ask("POST /v1/auth/login", "", R"({"token":")" + token + "\"}");
  const auto jwt = std::string{body_of(session).at("token").as_string()};
  for (const auto& each : {token, jwt})
    EXPECT_EQ(ask("POST /v1/blobs", each, "abc").result_int(), 201u);
  EXPECT_EQ(ask("PUT " + dev, ada, R"({"role":"viewer"})").result_int(), 200u);
  for (const auto& each : {token, jwt}) {
    EXPECT_EQ(ask("POST /v1/blobs", each, "abc").result_int(), 403u);
    EXPECT_EQ(body_of(ask("GET /v1/whoami", each)).at("role"), "viewer");
  }
  EXPECT_EQ(ask("PUT " + dev, ada, R"({"role":"admin"})").result_int(), 200u);
  for (const auto& each : {token, jwt})
    EXPECT_EQ(body_of(ask("GET /v1/whoami", each)).at("role"), "admin") << "more, without a login";
  EXPECT_EQ(ask("DELETE " + dev, ada).result_int(), 200u);
  EXPECT_EQ(
    ask("POST /v1/tenants/acme/members", ada, R"({"user":"dev","role":"viewer"})").result_int(),
    201u);
  for (const auto& each : {token, jwt})
    EXPECT_EQ(ask("GET /v1/whoami", each).result_int(), 401u) << "that was another membership";
  EXPECT_EQ(ask("DELETE /v1/tenants/acme/members/ada", ada).result_int(), 409u);
}

} // namespace
