#pragma once

#include "protocol/described.hpp"

#include <cstdint>

namespace backendim {

struct request_count {
  static constexpr std::string_view summary = "Requests that a release got.";
  static constexpr field_doc docs[] = {
    {"requests", "Those that were answered, well or not."},
    {"failed", "Those answered with a status of 500 or more, or not at all."},
  };
  uint64_t requests = 0;
  uint64_t failed = 0;
  friend bool operator==(const request_count&, const request_count&) = default;
};
BOOST_DESCRIBE_STRUCT(request_count, (), (requests, failed))

/// *x* and *y* together.
inline request_count operator+(const request_count& x, const request_count& y) {
  return {x.requests + y.requests, x.failed + y.failed};
}

} // namespace backendim
