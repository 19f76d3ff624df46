#pragma once

#include "actors/resolve.hpp"
#include "actors/rollout_plan.hpp"
#include "protocol/directory.hpp"
#include "protocol/rollout.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <type_traits>

namespace backendim {

struct rollout_context {
  ingress_actor ingress;
  gateway_actor gateway;
  engine_actor engine;
};

/// Makes the release of one deployment live: starts it beside the one that serves, waits until it
/// is ready, may try it with a share of the requests, has its app put it on the route, and watches
/// it there. What comes next says rollout_plan.hpp. It remembers nothing that is not asked for
/// anew, and lives until the release is live, or was watched, or nobody lives who asked it.
class rollout_state {
public:
  static constexpr const char* name = "rollout";

  explicit rollout_state(rollout_actor::pointer self) : self_{self} {}
  ~rollout_state();

  rollout_actor::behavior_type make_behavior(rollout_context context, std::string tenant,
                                             std::string deployment);

private:
  using time_point = caf::actor_clock::time_point;

  /// Each thing that is asked for takes the place of the one before.
  template <class Reply>
  caf::result<Reply> begin(rollout_terms terms, rollout_facts facts);
  void go_on();
  void end(const caf::error& why = {});
  void look_again(caf::timespan pause);
  path<path_kind::app> app_of_wish() const;

  /// Asks *target*; its answer counts only for what is under way now.
  template <class Reply, class Target, class Message, class Then>
  void ask(const Target& target, caf::timespan deadline, Message message, Then then);
  template <class Reply, path_kind Kind, class Message, class Then>
  void ask_at(path<Kind> where, Message message, Then then, caf::timespan deadline);

  void prepare();
  void prepared(const task_ended& end);
  void start();
  void await_ready();
  void activate();
  void watch();
  void crashed(release_failed x);

  // rollout_trial.cpp
  void look_beside();
  void begin_trial();
  void share();
  void counted(const split_counted& x);
  void keep_sample();
  void await_crash();
  void give_way();
  void promote();
  void take_back();
  void last_words(failure why);
  void conclude(failure why);
  judge_canary sample() const;
  template <class Command>
  void tell_deployment(Command x);

  rollout_actor::pointer self_;
  rollout_context context_;
  std::string tenant_, deployment_;
  std::set<caf::actor_addr> askers_;

  uint64_t turn_ = 0; ///< What is under way; what came before may still be answered.
  rollout_terms terms_;
  rollout_facts facts_;
  std::function<void(const caf::error&)> answer_; ///< Whoever asked; none: it has its answer.
  release_image image_;
  verify_release wish_;
  watch_release watched_;
  route_set routed_;
  caf::optional<failure> crash_; ///< What *crashed* means.

  /// A trial under way.
  struct trial {
    std::chrono::seconds before{0};    ///< Observed before this began.
    std::optional<split_counted> last; ///< As told last; what it said first was counted before.
    time_point since;                  ///< When that was.
    time_point look_at;                ///< When the share is asked for next.
    time_point sampled;                ///< When it was written down last.
    bool asking = false;
    bool crash_awaited = false;
  };
  trial trial_;
};

/// The actor at rollout/<tenant>/<deployment id>.
rollout_actor::behavior_type rollout(rollout_actor::stateful_pointer<rollout_state> self,
                                     rollout_context context, std::string tenant,
                                     std::string deployment);

template <class Reply, class Target, class Message, class Then>
void rollout_state::ask(const Target& target, caf::timespan deadline, Message message, Then then) {
  self_->request(target, deadline, std::move(message))
    .then(
      [this, turn = turn_, then](Reply& x) {
        if (turn == turn_)
          then(x);
      },
      [this, turn = turn_](const caf::error& why) {
        if (turn == turn_)
          end(why);
      });
}

template <class Reply, path_kind Kind, class Message, class Then>
void rollout_state::ask_at(path<Kind> where, Message message, Then then, caf::timespan deadline) {
  ask_path<Reply>(
    self_, context_.ingress, std::move(where), std::move(message),
    [this, turn = turn_, then](const Reply& x) {
      if (turn == turn_)
        then(x);
    },
    [this, turn = turn_](const caf::error& why) {
      if (turn == turn_)
        end(why);
    },
    deadline);
}

} // namespace backendim
