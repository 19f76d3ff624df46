#pragma once

#include "actors/canary.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace backendim {

enum class rollout_goal : uint8_t {
  started, ///< Its service is there.
  live,    ///< All requests go to it.
  proven,  ///< It was watched for its window, too.
};

/// How a release becomes live, and how far it has to get.
struct rollout_terms {
  rollout_goal goal = rollout_goal::live;
  std::optional<canary_terms> trial; ///< A share of the requests at first; none: all at once.
};

/// What is known on the way.
struct rollout_facts {
  bool prepared = true; ///< What has to run before it has ended well.
  bool started = true;  ///< Its service is there.
  bool ready = false;   ///< Enough of its tasks are.
  canary_stage stage = canary_stage::none;
  std::optional<uint32_t>
    beside;         ///< The release that serves meanwhile; 0: none. Absent: not known.
  canary_view seen; ///< Of its share of the requests.
  std::optional<std::string> newer; ///< A deployment that waits to take its place.
  bool live = false;                ///< Its app has put it on the route.
  bool watched = false;             ///< Since then its window has passed.
  bool crashed = false;             ///< A task of it that was ready ended by itself.
};

enum class rollout_move : uint8_t {
  prepare,     ///< Run what has to run before.
  start,       ///< Make its service.
  await_ready, ///< Wait until enough of its tasks are ready.
  look_beside, ///< Ask which release serves.
  begin_trial, ///< Have it written down that it gets a share of the requests.
  share,       ///< Give it its share, and count.
  give_way,    ///< End for the sake of a newer one.
  promote,     ///< Have it written down that it gets all requests.
  take_back,   ///< Let it get none, and say why.
  activate,    ///< Have its app put it on the route.
  watch,       ///< See whether it goes on serving.
  done,        ///< It is where it had to get, or has failed after it was live.
};

/// What the rollout of a release does next. It has no memory but *x*: after a restart it goes on
/// where the facts say.
rollout_move next(const rollout_terms& terms, const rollout_facts& x);

} // namespace backendim
