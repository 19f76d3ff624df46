#pragma once

#include "protocol/json_codec.hpp"

#include <optional>
#include <set>

namespace backendim {

// The JSON of what states may hold and messages may not: for snapshots.

template <class T>
struct json_codec<std::set<T>> {
  static json::value encode(const std::set<T>& xs) {
    json::array result;
    for (const auto& x : xs)
      result.push_back(json_codec<T>::encode(x));
    return result;
  }
  static json_problem decode(const json::value& v, std::set<T>& out, json_reading how) {
    std::vector<T> items;
    if (auto problem = json_codec<std::vector<T>>::decode(v, items, how))
      return problem;
    out.insert(items.begin(), items.end());
    return {};
  }
  static json::object schema() {
    auto result = json_codec<std::vector<T>>::schema();
    result["uniqueItems"] = true;
    return result;
  }
};

template <class T>
struct json_field<std::optional<T>> {
  using codec = json_codec<T>;
  static constexpr bool required = false;
  static const T* get(const std::optional<T>& x) { return x ? &*x : nullptr; }
  static T& make(std::optional<T>& x) { return x.emplace(); }
};

} // namespace backendim
