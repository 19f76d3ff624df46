#include "protocol/json.hpp"
#include "tests/protocol/messages_of_block.hpp"
#include "tests/support/sample.hpp"

using namespace backendim;

namespace {

template <class T>
class WireJsonTest : public ::testing::Test {};
TYPED_TEST_SUITE(WireJsonTest, test::message_types, test::message_name);

TYPED_TEST(WireJsonTest, RoundTrips) {
  const auto value = test::sampler{}.make<TypeParam>();
  const auto text = to_json_text(value);
  auto after = from_json_text<TypeParam>(text);
  ASSERT_TRUE(after) << render(after.error()) << " in " << text;
  EXPECT_EQ(*after, value) << text;
}

TYPED_TEST(WireJsonTest, SchemaListsEveryField) {
  const auto schema = json_schema<TypeParam>();
  EXPECT_EQ(schema.at("type"), "object");
  EXPECT_EQ(schema.at("additionalProperties"), false);
  EXPECT_EQ(schema.at("description").as_string(), TypeParam::summary);
  const auto sample = to_json(test::sampler{}.make<TypeParam>());
  for (const auto& field : sample.as_object())
    EXPECT_TRUE(schema.at("properties").as_object().contains(field.key())) << field.key();
}

} // namespace
