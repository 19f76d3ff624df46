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

/// What arrived of *before*, if anything did.
caf::message sent(const caf::message& before) {
  test::test_config config;
  caf::actor_system system{config};
  std::vector<char> bytes;
  caf::binary_serializer sink{system, bytes};
  auto copy = before;
  EXPECT_FALSE(copy.save(sink));
  caf::message after;
  caf::binary_deserializer source{system, bytes};
  EXPECT_FALSE(after.load(source));
  return after;
}

template <class T>
struct round_trip {
  static void run() {
    const auto value = test::sampler{}.make<T>();
    test::check_description(value);
    const caf::message after = sent(caf::make_message(value));
    ASSERT_TRUE(after.match_elements<T>());
    EXPECT_TRUE(after.get_as<T>(0) == value);
  }
};

[[maybe_unused]] const bool added
  = test::add_message_tests<round_trip>("WireBinaryTest", __FILE__, __LINE__);

} // namespace
