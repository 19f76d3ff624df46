#include "tests/protocol/messages_of_block.hpp"
#include "tests/support/actor_test.hpp"
#include "tests/support/description.hpp"
#include "tests/support/sample.hpp"

#include <caf/binary_deserializer.hpp>
#include <caf/binary_serializer.hpp>
#include <caf/message.hpp>

#include <vector>

using namespace backendim;

namespace {

template <class T>
class WireBinaryTest : public test::actor_test {};
TYPED_TEST_SUITE(WireBinaryTest, test::message_types, test::message_name);

TYPED_TEST(WireBinaryTest, RoundTrips) {
  const auto value = test::sampler{}.make<TypeParam>();
  test::check_description(value);
  auto before = caf::make_message(value);
  std::vector<char> bytes;
  caf::binary_serializer sink{this->system, bytes};
  ASSERT_FALSE(before.save(sink));
  caf::message after;
  caf::binary_deserializer source{this->system, bytes};
  ASSERT_FALSE(after.load(source));
  ASSERT_TRUE(after.match_elements<TypeParam>());
  EXPECT_EQ(after.get_as<TypeParam>(0), value);
}

} // namespace
