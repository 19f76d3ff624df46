#pragma once

#include "protocol/incident.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/message.hpp>
#include <caf/message_id.hpp>
#include <caf/stateful_actor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>

namespace backendim {

/// How a worker that ended comes back.
struct restart_policy {
  std::chrono::milliseconds first_delay{1'000};    ///< Doubles with each failure in a row.
  uint32_t max_failures = 8;                       ///< In a row; then it is an incident.
  std::chrono::milliseconds slow_delay{300'000};   ///< Between the attempts from then on.
  std::chrono::milliseconds healthy_after{60'000}; ///< Who lives so long has not failed in a row.
  size_t max_waiting = 1'000; ///< Messages kept while it is away; others get unavailable.
};

/// How long to wait after so many failures in a row.
std::chrono::milliseconds restart_delay(const restart_policy& policy, uint32_t failures);

struct supervision {
  std::string path; ///< Names the worker in incidents and in the log.
  /// Starts the worker. *restarts* counts from 0.
  std::function<caf::strong_actor_ptr(uint32_t restarts)> start;
  incidents_actor incidents{};       ///< Who hears of it; may be null.
  std::function<void()> restarted{}; ///< Those who relied on what the worker remembered.
  restart_policy policy{};
};

/// It is time to start the worker again.
struct begin_tick {};

/// The worker begun as *restarts* has lived for a while.
struct healthy_tick {
  uint32_t restarts;
};

/// Stands for a worker that may fail: who holds its handle holds it for ever. What it is sent goes
/// to the worker as if it had been sent there; while the worker is away, it waits. A worker that
/// ends, however, is started again with growing delay; after too many failures in a row that is an
/// incident, and it is tried again rarely. What the worker had not answered fails.
class supervisor_state {
public:
  static constexpr const char* name = "supervisor";

  explicit supervisor_state(caf::event_based_actor* self) : self_{self} {}
  ~supervisor_state();

  caf::behavior make_behavior(supervision what);

private:
  struct held_message {
    caf::strong_actor_ptr sender;
    caf::message_id id;
    caf::message content;
  };

  void start();
  void ended(const caf::down_msg& x);
  void healthy(uint32_t restarts);
  caf::result<caf::message> pass_on(caf::message_view& x);
  void refuse(const held_message& x, const caf::error& why);

  caf::event_based_actor* self_;
  supervision what_;
  caf::strong_actor_ptr worker_;
  std::deque<held_message> held_;
  uint32_t restarts_ = 0;
  uint32_t failures_ = 0; ///< In a row.
  caf::error stopping_;   ///< Why we end once the worker has.
};

caf::behavior supervisor(caf::stateful_actor<supervisor_state>* self, supervision what);

/// A supervised worker, as a handle of its own kind.
template <class Handle>
Handle supervise(caf::actor_system& system, supervision what) {
  return caf::actor_cast<Handle>(system.spawn(supervisor, std::move(what)));
}

} // namespace backendim

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(backendim::begin_tick)   // never leaves its actor
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(backendim::healthy_tick) // never leaves its actor
