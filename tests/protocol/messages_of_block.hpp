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

/// Names the tests of each type.
struct message_name {
  template <class T>
  static std::string GetName(int) {
    return std::string{type_name<T>};
  }
};

using message_types = mp11::mp_rename<messages, ::testing::Types>;

} // namespace backendim::test
