#pragma once

#include "protocol/directory.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace backendim {

/// How actors that live by themselves come to life. Each gets the parts of its path behind the
/// kind: {"acme", "shop"} of app/acme/shop.
struct ingress_context {
  using wake = std::function<caf::strong_actor_ptr(const ingress_actor& self,
                                                   const std::vector<std::string>& rest)>;
  struct kind {
    size_t parts = 1;                                 ///< Of the path behind the kind.
    bool (*valid)(const std::string& part) = nullptr; ///< What each part must be.
    std::string (*parent)(const std::vector<std::string>& rest) = nullptr;
    bool restart = false; ///< After it failed, without being asked.
    wake start;
  };
  std::map<std::string, kind> kinds; ///< By name, the first part of a path.
  journal_actor journal;
  std::vector<std::string> wake_prefixes; ///< Streams that come to life at start, like "app/".
};

/// An actor that failed is due to be started again.
struct restart_tick {
  std::string path;
};

/// Finds actors by path. It is the only one that starts durable actors, so a stream has one writer.
class ingress_state {
public:
  using interface = ingress_actor::extend<caf::reacts_to<restart_tick>>;
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

  interface::pointer self_;
  ingress_context context_;
  std::map<std::string, entry> actors_; ///< By path.
  std::map<caf::actor_addr, std::string> paths_;
  std::map<std::string, uint32_t> failures_; ///< By path, in a row.
};

ingress_state::interface::behavior_type
ingress(ingress_state::interface::stateful_pointer<ingress_state> self, ingress_context context);

} // namespace backendim

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(backendim::restart_tick) // never leaves its actor
