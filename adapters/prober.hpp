#pragma once

#include "adapters/edge.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

namespace backendim {

struct probe_request {
  upstream_address target;
  std::string path; ///< Empty: a TCP connection is enough.
  std::chrono::milliseconds deadline{2'000};
};

struct probe_result {
  enum class outcome : uint8_t {
    good,       ///< Connected, and the path (if any) answered below 400.
    bad_status, ///< The path answered 400 or above.
    refused,    ///< Nobody listens there.
    no_answer,  ///< Silence, a reset or rubbish until the deadline.
  };
  outcome what = outcome::no_answer;
  unsigned status = 0; ///< The HTTP status, when there was one.
};

/// Asks tasks whether they are ready, from outside of the container. Thread-safe; does not block.
class prober {
public:
  virtual ~prober() = default;

  /// Calls *done* from a thread of the prober, exactly once, at the deadline at the latest.
  virtual void probe(const probe_request& x, std::function<void(probe_result)> done) = 0;
};

} // namespace backendim
