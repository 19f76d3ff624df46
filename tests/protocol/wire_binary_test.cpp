#include "tests/protocol/messages_of_block.hpp"
#include "tests/support/actor_test.hpp"
#include "tests/support/description.hpp"
#include "tests/support/sample.hpp"

#include <caf/binary_deserializer.hpp>
#include <caf/binary_serializer.hpp>
#include <caf/type_erased_value.hpp>

#include <typeinfo>
#include <vector>

using namespace backendim;

namespace {

/// Sends what *fill* makes of a message as actors on other nodes get it: as the registered *type*.
void check_round_trip(const std::type_info& type, void (*fill)(void*),
                      bool (*same)(const void*, const void*)) {
  test::test_config config;
  caf::actor_system system{config};
  const auto before = system.types().make_value(type), after = system.types().make_value(type);
  ASSERT_TRUE(before && after);
  fill(before->get_mutable());
  std::vector<char> bytes;
  caf::binary_serializer sink{system, bytes};
  ASSERT_FALSE(before->save(sink));
  caf::binary_deserializer source{system, bytes};
  ASSERT_FALSE(after->load(source));
  EXPECT_TRUE(same(before->get(), after->get()));
}

template <class T>
struct round_trip {
  static void run() {
    test::check_description(T{});
    check_round_trip(
      typeid(T), [](void* x) { *static_cast<T*>(x) = test::sampler{}.make<T>(); },
      [](const void* a, const void* b) {
        return *static_cast<const T*>(a) == *static_cast<const T*>(b);
      });
  }
};

[[maybe_unused]] const bool added
  = test::add_message_tests<round_trip>("WireBinaryTest", __FILE__, __LINE__);

} // namespace
