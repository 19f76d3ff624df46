#pragma once

#include "protocol/directory.hpp"
#include "protocol/node.hpp"
#include "protocol/reconcile.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace backendim {

struct reconciler_config {
  std::chrono::seconds first{10};   ///< After the start, when the apps are awake.
  std::chrono::seconds period{300}; ///< What events missed is found this much later at the most.
  uint32_t page = 200;              ///< Apps asked at once.
};

/// It is time to compare again.
struct reconcile_tick {};

/// Compares what every app wants with what the engine runs, at the start, periodically and when
/// asked. It only looks: each app judges what it finds of its own, and mends it.
class reconciler_state {
public:
  using interface = reconciler_actor::extend<caf::reacts_to<reconcile_tick>>;
  static constexpr const char* name = "reconciler";

  explicit reconciler_state(interface::pointer self) : self_{self} {}
  ~reconciler_state();

  interface::behavior_type make_behavior(reconciler_config config, engine_actor engine,
                                         ingress_actor ingress);

private:
  /// One comparison of everything.
  struct round {
    bool dry_run = false;
    reconciliation result;
    std::map<std::string, std::vector<found_service>> found; ///< By path of the app.
    std::vector<std::string> apps;                           ///< That are still to be asked.
    size_t unanswered = 0;
    std::vector<caf::typed_response_promise<reconciliation>> promises;
  };

  caf::result<reconciliation> begin(bool dry_run);
  void list_apps(const std::shared_ptr<round>& x, const std::string& after);
  void ask_apps(const std::shared_ptr<round>& x);
  void ask(const std::shared_ptr<round>& x, const std::string& app);
  void end(const std::shared_ptr<round>& x);
  void fail(const caf::error& why);

  interface::pointer self_;
  reconciler_config config_;
  engine_actor engine_;
  ingress_actor ingress_;
  std::shared_ptr<round> now_; ///< One at a time; who asks meanwhile gets its result.
  reconciliation last_;
};

reconciler_state::interface::behavior_type
reconciler(reconciler_state::interface::stateful_pointer<reconciler_state> self,
           reconciler_config config, engine_actor engine, ingress_actor ingress);

} // namespace backendim

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(backendim::reconcile_tick) // never leaves its actor
