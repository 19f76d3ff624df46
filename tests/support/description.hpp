#pragma once

#include "protocol/described.hpp"

#include <boost/mp11/list.hpp>

#include <type_traits>

namespace backendim::test {

/// Does not compile for a struct with a field that its BOOST_DESCRIBE_STRUCT leaves out, because a
/// structured binding must name all fields.
template <class T>
void check_description(const T& what) {
  constexpr auto fields = boost::mp11::mp_size<fields_of<T>>::value;
  static_assert(fields <= 30, "add a line below");
  if constexpr (fields == 0)
    static_assert(std::is_empty_v<T>);
  else if constexpr (fields == 1) [[maybe_unused]]
    const auto& [a] = what;
  else if constexpr (fields == 2) [[maybe_unused]]
    const auto& [a, b] = what;
  else if constexpr (fields == 3) [[maybe_unused]]
    const auto& [a, b, c] = what;
  else if constexpr (fields == 4) [[maybe_unused]]
    const auto& [a, b, c, d] = what;
  else if constexpr (fields == 5) [[maybe_unused]]
    const auto& [a, b, c, d, e] = what;
  else if constexpr (fields == 6) [[maybe_unused]]
    const auto& [a, b, c, d, e, f] = what;
  else if constexpr (fields == 7) [[maybe_unused]]
    const auto& [a, b, c, d, e, f, g] = what;
  else if constexpr (fields == 8) [[maybe_unused]]
    const auto& [a, b, c, d, e, f, g, h] = what;
  else if constexpr (fields == 9) [[maybe_unused]]
    const auto& [a, b, c, d, e, f, g, h, i] = what;
  else if constexpr (fields == 10) [[maybe_unused]]
    const auto& [a, b, c, d, e, f, g, h, i, j] = what;
  else if constexpr (fields == 11) [[maybe_unused]]
    const auto& [a, b, c, d, e, f, g, h, i, j, k] = what;
  else if constexpr (fields == 12) [[maybe_unused]]
    const auto& [a, b, c, d, e, f, g, h, i, j, k, l] = what;
  else if constexpr (fields == 13) [[maybe_unused]]
    const auto& [a, b, c, d, e, f, g, h, i, j, k, l, m] = what;
  else if constexpr (fields == 14) [[maybe_unused]]
    const auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n] = what;
  else if constexpr (fields == 15) [[maybe_unused]]
    const auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o] = what;
  else if constexpr (fields == 16) [[maybe_unused]]
    const auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = what;
  else if constexpr (fields == 17) [[maybe_unused]]
    const auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q] = what;
  else if constexpr (fields == 18) [[maybe_unused]]
    const auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r] = what;
  else if constexpr (fields == 19) [[maybe_unused]]
    const auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s] = what;
  else if constexpr (fields == 20) [[maybe_unused]]
    const auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t] = what;
  else if constexpr (fields == 21) [[maybe_unused]]
    const auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u] = what;
  else if constexpr (fields == 22) [[maybe_unused]]
    const auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v] = what;
  else if constexpr (fields == 23) [[maybe_unused]]
    const auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w] = what;
  else if constexpr (fields == 24) [[maybe_unused]]
    const auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x] = what;
  else if constexpr (fields == 25) [[maybe_unused]]
    const auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y] = what;
  else if constexpr (fields == 26) [[maybe_unused]]
    const auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z]
      = what;
  else if constexpr (fields == 27) [[maybe_unused]]
    const auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, a1]
      = what;
  else if constexpr (fields == 28) [[maybe_unused]]
    const auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, a1,
                 b1]
      = what;
  else if constexpr (fields == 29) [[maybe_unused]]
    const auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, a1,
                 b1, c1]
      = what;
  else if constexpr (fields == 30) [[maybe_unused]]
    const auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, a1,
                 b1, c1, d1]
      = what;
}

} // namespace backendim::test
