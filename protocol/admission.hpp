#pragma once

#include "protocol/described.hpp"

#include <caf/optional.hpp>

#include <chrono>
#include <cstdint>
#include <string>

namespace backendim {

/// What is scarce when work waits or is turned away. Append only.
enum class bottleneck : uint8_t {
  slots = 1,    ///< Others have the slots; a turn comes round-robin among tenants.
  disk,         ///< Too little is free on a disk that builds fill.
  memory,       ///< Too little memory is free for one more build.
  queue,        ///< Too many deployments of all tenants wait.
  tenant_queue, ///< Too many deployments of the tenant wait.
  quota,        ///< As many builds of the tenant run as its quota says.
  one_offs,     ///< As many one-off tasks of the app run as may at once.
  sessions,     ///< As many commands are run in tasks of the app as may be at once.
};
BOOST_DESCRIBE_ENUM(bottleneck, slots, disk, memory, queue, tenant_queue, quota, one_offs, sessions)

/// The context of an over_quota or unavailable that passes by itself.
struct admission_refusal {
  static constexpr std::string_view summary = "Why new work is not taken now, and when to ask.";
  static constexpr field_doc docs[] = {{"detail", "What is scarce, in a sentence."}};
  bottleneck why = bottleneck::queue;
  std::string detail;
  std::chrono::seconds retry_after{1};
  friend bool operator==(const admission_refusal&, const admission_refusal&) = default;
};
BOOST_DESCRIBE_STRUCT(admission_refusal, (), (why, detail, retry_after))

struct slot_wait {
  static constexpr std::string_view summary = "What a deployment waits for before its step begins.";
  static constexpr field_doc docs[] = {
    {"position", "1: its turn is next. 0: it waits for nothing."},
    {"estimated_wait", "From how long builds took lately; absent: nothing is known yet."},
    {"why", "slots: only for its turn."},
    {"detail", "What is scarce besides slots, in a sentence."},
  };
  uint32_t position = 0;
  caf::optional<std::chrono::milliseconds> estimated_wait;
  bottleneck why = bottleneck::slots;
  std::string detail;
  friend bool operator==(const slot_wait&, const slot_wait&) = default;
};
BOOST_DESCRIBE_STRUCT(slot_wait, (), (position, estimated_wait, why, detail))

} // namespace backendim
