#include "protocol/json.hpp"
#include "protocol/kinds.hpp"
#include "protocol/types.hpp"
#include "tests/support/error_of.hpp"

#include <gtest/gtest.h>

using namespace backendim;
using test::error_of;

namespace {

const principal ada{"ada", "acme", permission::deploy};
const principal root{"root", "main", permission::operate};

TEST(KindsTest, EveryPublicMessageOfAnInterfaceIsADoor) {
  const auto* app = kind_of("app/acme/shop");
  ASSERT_TRUE(app);
  EXPECT_TRUE(app->find("start_deployment"));
  EXPECT_TRUE(app->find("get_app"));
  EXPECT_FALSE(app->find("conclude_deployment")) << "internal: it names no permission";
}

TEST(KindsTest, EveryDoorHasASchemaWithoutMeta) {
  for (const auto& kind : actor_kinds())
    for (const auto& message : kind.messages) {
      const auto schema = message.schema();
      EXPECT_EQ(schema.at("type"), "object") << message.name;
      EXPECT_FALSE(schema.at("properties").as_object().contains("meta")) << message.name;
      EXPECT_FALSE(message.summary.empty());
      EXPECT_EQ(message.reply_schema().at("type"), "object");
    }
}

TEST(KindsTest, EveryStateQueryIsAReadableDoor) {
  for (const auto& kind : actor_kinds())
    EXPECT_TRUE(kind.state_query.empty() || kind.find(kind.state_query)) << kind.name;
}

TEST(KindsTest, NobodySaysWhoHeIs) {
  const auto* door = kind_of("app/acme/shop")->find("destroy_app");
  auto message = door->decode(*parse_json("{}"), ada, {"ada", "r1"});
  ASSERT_TRUE(message);
  EXPECT_EQ(message->get_as<destroy_app>(0).meta, (request_meta{"ada", "r1"}));
  EXPECT_EQ(
    error_of(door->decode(*parse_json(R"({"meta":{"who":"eve","request_id":"1"}})"), ada, {})),
    ec::invalid_request);
}

TEST(KindsTest, WrongBodyNamesThePlace) {
  const auto* door = kind_of("app/acme/shop")->find("start_deployment");
  auto message = door->decode(*parse_json(R"({"source":{"bolb":"sha256:1"}})"), ada, {});
  ASSERT_FALSE(message);
  const auto problem = message.error().context().get_as<decode_error>(0);
  EXPECT_EQ(problem.pointer, "/source/bolb");
  EXPECT_EQ(problem.suggestion, "blob");
}

TEST(KindsTest, WhoAsksIsAddedByTheDoor) {
  const auto* door = kind_of("tenant/acme")->find("set_member");
  auto message = door->decode(*parse_json(R"({"user":"dev","role":"admin"})"), ada, {"ada", "r1"});
  ASSERT_TRUE(message) << render(message.error());
  EXPECT_EQ(message->get_as<set_member>(0).caller, ada);
  const auto schema = door->schema();
  EXPECT_FALSE(schema.at("properties").as_object().contains("caller"));
  for (const auto& name : schema.at("required").as_array())
    EXPECT_TRUE(name == "user" || name == "role") << name;
  const std::string forged
    = R"({"user":"dev","role":"admin","caller":{"user":"x","tenant":"acme","may":"own"}})";
  EXPECT_EQ(error_of(door->decode(*parse_json(forged), ada, {"ada", "r1"})), ec::invalid_request);
}

TEST(RoleTest, EachIncludesThoseBelowAndOneIsTheLeastForAPermission) {
  EXPECT_LT(permission::read, permission::deploy);
  EXPECT_LT(permission::deploy, permission::manage);
  EXPECT_LT(permission::own, permission::operate);
  for (const auto x : {role::viewer, role::developer, role::admin, role::owner})
    EXPECT_EQ(role_with(permission_of(x)), x);
  EXPECT_EQ(role_with(permission::manage), role::admin);
  EXPECT_EQ(role_name(permission::operate), "operator");
}

/// A path of each kind that is *tenant*'s, if it can be a tenant's.
std::string path_of(path_kind kind, const std::string& tenant) {
  std::string result{shape_of(kind).name};
  const auto& shape = shape_of(kind);
  for (size_t i = 0; i < shape.count; ++i)
    switch (shape.parts[i]) {
      case path_part::tenant: result += "/" + tenant; break;
      case path_part::app: result += "/shop"; break;
      case path_part::id: result += "/01JABCDEFGHJKMNPQRSTVWXYZ0"; break;
      case path_part::service: result += "/" + tenant + "-shop-v1"; break;
      case path_part::machine: result += "/n1"; break;
    }
  return result;
}

/// Every kind of path, every message that it takes, every permission, the own tenant and a foreign
/// one: the path alone decides.
TEST(AuthorizeTest, MatrixOfAllThatMayBeSent) {
  const auto permissions = {permission::read,       permission::deploy, permission::manage,
                            permission::administer, permission::own,    permission::operate};
  size_t seen = 0;
  for (const auto& kind : actor_kinds())
    for (const auto& message : kind.messages)
      for (const auto may : permissions)
        for (const std::string of : {"acme", "acme2", "other"}) {
          const principal who{"ada", "acme", may};
          const auto path = path_of(kind.kind, of);
          const bool operates = may == permission::operate;
          const bool own = parse_path(path)->tenant() == "acme";
          const auto refused = authorize(who, path, message.needs);
          const auto what = path + " " + std::string{message.name};
          if (!own && !operates)
            EXPECT_EQ(refused, ec::not_found) << what;
          else if (may < message.needs)
            EXPECT_EQ(refused, ec::forbidden) << what;
          else
            EXPECT_FALSE(refused) << what << render(refused);
          ++seen;
        }
  EXPECT_GT(seen, 800u);
}

TEST(AuthorizeTest, WhatIsNoPathIsToldToThoseWhoSeeThemAll) {
  EXPECT_EQ(authorize(ada, "app/acme", permission::read), ec::not_found);
  EXPECT_EQ(authorize(ada, "app/acme/../other/shop", permission::read), ec::not_found);
  EXPECT_EQ(authorize(root, "app/acme", permission::read), ec::invalid_request);
  EXPECT_EQ(authorize(root, "ship/acme", permission::read), ec::not_found);
}

} // namespace
