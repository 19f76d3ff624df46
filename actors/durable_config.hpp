#pragma once

#include "protocol/types.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace backendim {

/// What decide may use besides the state, so that it reads no clock and rolls no dice.
struct moment {
  caf::timestamp now;
  std::string fresh_id; ///< A new ULID.
};

/// Where moments come from.
class moments {
public:
  virtual ~moments() = default;
  virtual moment next() = 0;
};

struct durable_config {
  std::chrono::milliseconds append_timeout{5'000};
  std::chrono::milliseconds recovery_timeout{30'000};
  uint32_t page_size = 500;     ///< Events read at once.
  uint32_t snapshot_every = 64; ///< Events after which the state is kept anew.
  size_t max_waiting = 100;     ///< Messages that may wait; more are refused with unavailable.
  uint32_t max_conflicts = 3;   ///< How often one command is decided anew before it fails.
  size_t max_watchers = 64;     ///< get_changes that may wait; more are refused with unavailable.
  std::chrono::seconds watch_limit{20}; ///< After this long get_changes answers without a change.
  std::chrono::milliseconds birth_limit{0}; ///< How long a query waits for the first event.
  std::chrono::seconds sleep_after{60}; ///< Idle time after which an entity that is empty or has
                                        ///< ended leaves memory; its stream brings it back.
  std::shared_ptr<moments> clock{};     ///< Null: the machine's, and its dice.
};

/// Where the events of a durable actor are kept.
struct durable_links {
  std::string stream;
  journal_actor journal;
  std::string former{}; ///< How releases before called the stream; empty: as it is called now.
};

/// Wakes a durable actor to look after its watchers, its sleep and what it waits for.
struct durable_tick {};

} // namespace backendim

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(backendim::durable_tick) // never leaves its actor
