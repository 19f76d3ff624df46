#pragma once

#include "actors/supervisor.hpp"
#include "protocol/directory.hpp"
#include "protocol/incident.hpp"
#include "protocol/paths.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace backendim {

/// How actors that live by themselves come to life. Each gets the parts of its path behind the
/// kind: {"acme", "shop"} of app/acme/shop.
struct ingress_context {
  using wake = std::function<caf::strong_actor_ptr(const ingress_actor& self,
                                                   const std::vector<std::string>& parts)>;
  std::map<path_kind, wake> kinds;
  journal_actor journal;
  std::vector<path_kind> wakes; ///< Whose streams come to life at start.
  incidents_actor incidents{};  ///< Who hears of what cannot live; may be null.
  restart_policy restarts{};
};

/// An actor that failed is due to be started again.
struct restart_tick {
  std::string path;
};

/// Those under *prefix* are to begin anew: somebody they had told things has lost them.
struct renew_all {
  std::string prefix;
};

/// The actor at *path* has lived for a while since it failed last.
struct steady_tick {
  std::string path;
  uint32_t failures;
};

/// Incidents from before the start may be over.
struct review_tick {};

/// Streams were told to come to life, and may have by now.
struct awake_tick {
  int more = 0; ///< Such ticks.
};

/// Streams that could not be listed are due to be listed again.
struct wake_tick {
  std::string prefix;
  std::string after;
};

/// Finds actors by path. It is the only one that starts durable actors, so a stream has one writer.
class ingress_state {
public:
  using interface = ingress_actor::extend<caf::reacts_to<restart_tick>, caf::reacts_to<renew_all>,
                                          caf::reacts_to<steady_tick>, caf::reacts_to<wake_tick>,
                                          caf::reacts_to<review_tick>, caf::reacts_to<awake_tick>>;
  static constexpr const char* name = "ingress";

  explicit ingress_state(interface::pointer self) : self_{self} {}

  interface::behavior_type make_behavior(ingress_context context);

private:
  struct entry {
    actor_entry what;
    caf::strong_actor_ptr owned;   ///< Of those started here.
    caf::weak_actor_ptr announced; ///< Of the others: being listed keeps nobody alive.
  };

  caf::result<caf::strong_actor_ptr> resolve(const std::string& path);
  void wake_all(const std::string& prefix, const std::string& after);
  void add(actor_entry what, const caf::strong_actor_ptr& who, bool own);
  void ended(const caf::down_msg& x);
  void failed(const std::string& path, const caf::error& why);
  void steady(const steady_tick& x);
  void review();
  void renew(const std::string& prefix);
  template <class Message>
  void tell(const Message& x) {
    if (context_.incidents)
      self_->send(context_.incidents, x);
  }

  interface::pointer self_;
  ingress_context context_;
  std::map<std::string, entry> actors_; ///< By path.
  std::map<caf::actor_addr, std::string> paths_;
  std::map<std::string, uint32_t> failures_; ///< By path, in a row.
  std::set<std::string> due_;                ///< Failed, and a restart_tick is on its way.
  std::set<std::string> renewed_;            ///< Ended by us, to be started again.
};

ingress_state::interface::behavior_type
ingress(ingress_state::interface::stateful_pointer<ingress_state> self, ingress_context context);

} // namespace backendim

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(backendim::restart_tick) // never leaves its actor
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(backendim::renew_all)    // never leaves its process
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(backendim::steady_tick)  // never leaves its actor
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(backendim::wake_tick)    // never leaves its actor
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(backendim::awake_tick)   // never leaves its actor
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(backendim::review_tick)  // never leaves its actor
