#pragma once

#include "protocol/json_codec.hpp"

#include <concepts>
#include <optional>
#include <type_traits>

namespace backendim {

/// The first number of *x*, or of the structs in it, that is not within the bounds of its field.
/// The JSON codec takes such numbers, so that what is in the journal can always be read: whoever
/// takes them from outside asks here.
template <described_struct T>
json_problem problem_in_numbers(const T& x) {
  json_problem problem;
  boost::mp11::mp_for_each<fields_of<T>>([&](auto field) {
    using kind = json_field<std::remove_cvref_t<decltype(x.*field.pointer)>>;
    const auto* value = kind::get(x.*field.pointer);
    using value_type = std::remove_cvref_t<decltype(*value)>;
    if (problem || value == nullptr)
      return;
    if constexpr (described_struct<value_type>) {
      problem = inside(field.name, problem_in_numbers(*value));
    } else if constexpr (std::unsigned_integral<value_type> && !std::same_as<value_type, bool>) {
      constexpr auto bounds = bounds_of<T>(decltype(field)::name);
      if (bounds && (*value < bounds->least || *value > bounds->most))
        problem
          = inside(field.name, decode_error{"", bounds_text(*bounds), std::to_string(*value), ""});
    }
  });
  return problem;
}

} // namespace backendim
