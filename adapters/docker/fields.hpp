#pragma once

#include <boost/json.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace backendim::docker {

// The engine's answers are read leniently: it leaves out what is empty, and newer versions add.

/// The value at a JSON pointer, or null.
inline const boost::json::value* find(const boost::json::value& x, std::string_view pointer) {
  boost::system::error_code problem;
  return x.find_pointer(pointer, problem);
}

/// The string at a JSON pointer, or "".
inline std::string text(const boost::json::value& x, std::string_view pointer) {
  const auto* found = find(x, pointer);
  return found && found->is_string() ? std::string{found->get_string()} : std::string{};
}

/// The integer at a JSON pointer, or 0.
inline int64_t number(const boost::json::value& x, std::string_view pointer) {
  const auto* found = find(x, pointer);
  if (!found)
    return 0;
  boost::system::error_code problem;
  const auto result = found->to_number<int64_t>(problem);
  return problem ? 0 : result;
}

/// The boolean at a JSON pointer, or false.
inline bool flag(const boost::json::value& x, std::string_view pointer) {
  const auto* found = find(x, pointer);
  return found && found->is_bool() && found->get_bool();
}

/// The array at a JSON pointer ("" is *x* itself), or an empty one.
inline const boost::json::array& list(const boost::json::value& x, std::string_view pointer) {
  static const boost::json::array none;
  const auto* found = find(x, pointer);
  return found && found->is_array() ? found->get_array() : none;
}

/// The object at a JSON pointer, or an empty one.
inline const boost::json::object& members(const boost::json::value& x, std::string_view pointer) {
  static const boost::json::object none;
  const auto* found = find(x, pointer);
  return found && found->is_object() ? found->get_object() : none;
}

/// The string member *key* of *x*, whatever characters it has, or "".
inline std::string member(const boost::json::object& x, std::string_view key) {
  const auto* found = x.if_contains(key);
  return found && found->is_string() ? std::string{found->get_string()} : std::string{};
}

} // namespace backendim::docker
