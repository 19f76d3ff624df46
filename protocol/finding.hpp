#pragma once

#include "protocol/described.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace backendim {

/// How a thing that the platform needs is doing.
enum class health : uint8_t {
  ok = 1,
  warn, ///< The platform runs, but something will not work or not for long.
  fail, ///< The platform, or builds, cannot run.
};
BOOST_DESCRIBE_ENUM(health, ok, warn, fail)

struct finding {
  static constexpr std::string_view summary
    = "What was found out about one thing the platform needs.";
  static constexpr field_doc docs[] = {
    {"check", "Which thing, a word or two that stays the same."},
    {"text", "What was found."},
    {"next", "One command that helps; empty when nothing is wrong."},
  };
  std::string check;
  health is = health::ok;
  std::string text;
  std::string next;
  friend bool operator==(const finding&, const finding&) = default;
};
BOOST_DESCRIBE_STRUCT(finding, (), (check, is, text, next))

struct examination {
  static constexpr std::string_view summary
    = "All that `backend-im doctor` looked at, in its order.";
  static constexpr field_doc docs[] = {{"items", "One for each thing."}};
  std::vector<finding> items;
  friend bool operator==(const examination&, const examination&) = default;
};
BOOST_DESCRIBE_STRUCT(examination, (), (items))

} // namespace backendim
