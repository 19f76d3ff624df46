#pragma once

#include "protocol/types.hpp"

#include <boost/mp11.hpp>
#include <caf/is_actor_handle.hpp>

#include <gtest/gtest.h>

#include <string>
#include <type_traits>

/// Everything here follows from the type-ID block: a message added there is tested without a word.
namespace backendim::test {

namespace mp11 = boost::mp11;

using block = caf::id_block::backendim;
template <class Offset>
using type_at = typename caf::type_by_id<block::begin + Offset::value>::type;
using all_types = mp11::mp_transform<type_at, mp11::mp_iota_c<block::end - block::begin>>;

template <class T>
using is_message = std::bool_constant<described_struct<T>>;
template <class T>
using is_message_enum_or_interface
  = std::bool_constant<described_struct<T> || described_enum<T> || caf::is_actor_handle<T>::value>;
template <class T>
using has_summary = std::bool_constant<!summary_of<T>().empty()>;

using messages = mp11::mp_copy_if<all_types, is_message>;
static_assert(mp11::mp_all_of<all_types, is_message_enum_or_interface>::value,
              "a type in the block lacks BOOST_DESCRIBE_STRUCT or BOOST_DESCRIBE_ENUM");
static_assert(mp11::mp_all_of<messages, has_summary>::value, "a message lacks its summary");

/// A test that is a function: a class of its own for each of some hundred messages would take a
/// minute to compile.
class message_test : public ::testing::Test {
public:
  explicit message_test(void (*run)()) : run_{run} {}
  void TestBody() override { run_(); }

private:
  void (*run_)();
};

/// Adds the test *suite*.<message> for each message: Check<message>::run().
template <template <class> class Check>
bool add_message_tests(const char* suite, const char* file, int line) {
  mp11::mp_for_each<mp11::mp_transform<std::type_identity, messages>>([&](auto id) {
    using message = typename decltype(id)::type;
    static const std::string name{type_name<message>};
    ::testing::RegisterTest(suite, name.c_str(), nullptr, nullptr, file, line,
                            [] { return new message_test{&Check<message>::run}; });
  });
  return true;
}

} // namespace backendim::test
