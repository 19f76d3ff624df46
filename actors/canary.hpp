#pragma once

#include "protocol/canary.hpp"
#include "protocol/error.hpp"
#include "protocol/request_count.hpp"

#include <chrono>
#include <cstdint>

namespace backendim {

/// Whether a release gets a share of the requests, and what then.
enum class canary_stage : uint8_t { none, serving, promoted };

/// What is known of a release that gets a share of the requests.
struct canary_view {
  std::chrono::seconds observed{0}; ///< For so long they have been counted.
  request_count canary;
  request_count stable;
  uint64_t waiting = 0; ///< Of the canary's, those it has not begun to answer.
};

enum class canary_verdict : uint8_t { go_on, promote, revert, expire };

/// Requests without an answer hold a promotion up for so long: by then the edge has given them up,
/// and they have failed.
constexpr std::chrono::seconds answer_patience{330};

/// *revert*: more of its requests failed than may, and it had enough of them or its time is over.
/// *promote*: its time is over and no more failed than may; of none that is true. *expire*: nobody
/// promoted it in time.
canary_verdict judge(const canary_terms& terms, const canary_view& seen);

/// Why it is taken back, with what was counted of it, v<number>, and of *stable*.
failure canary_failure(canary_verdict why, const canary_terms& terms, const canary_view& seen,
                       uint32_t number, uint32_t stable);

/// How long to wait for the next sample that is worth keeping: there are some hundred at most.
std::chrono::seconds sample_pause(std::chrono::seconds observed);

} // namespace backendim
