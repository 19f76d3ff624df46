#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace backendim::bench {

/// Serves *size* bytes of JSON to whatever is asked, with one thread, until the process is ended.
/// Says its port first.
int serve_bare(size_t size);

struct load {
  std::string address;
  uint16_t port = 0;
  double rate = 0; ///< Requests a second.
  std::chrono::seconds duration{0};
  size_t connections = 32;
  std::string host = "bench";
  std::string authorization;        ///< None when empty.
  std::vector<std::string> targets; ///< Asked for in turn.
};

/// Sends requests at fixed times, however slow the answers are, and prints the percentiles of the
/// time from when each was due to its answer. Fails when an answer is no 200.
int apply_load(const load& x);

} // namespace backendim::bench
