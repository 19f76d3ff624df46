#pragma once

#include "adapters/prober.hpp"
#include "protocol/types.hpp"

#include <caf/actor_clock.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace backendim {

struct probe_tick {};

/// Tasks that could not be listed are due to be listed again.
struct refresh_tick {};

/// A probe of a container came back.
struct probe_finished {
  std::string container;
  probe_result result;
};

/// Watches the tasks of one service: asks the engine when containers change, probes the running
/// ones until each has answered well twice, and tells the gateway which are ready. While somebody
/// awaits the release it also finds out, as soon as it is clear, why it will not become ready; and
/// while somebody waits for the end of one, how it ended. A change that was told is never lost: an
/// engine that does not answer is asked again until it does.
class service_watch_state {
public:
  using interface = service_actor::extend<caf::reacts_to<probe_tick>, caf::reacts_to<refresh_tick>,
                                          caf::reacts_to<probe_finished>>;
  static constexpr const char* name = "service";

  explicit service_watch_state(interface::pointer self) : self_{self} {}
  ~service_watch_state();

  interface::behavior_type
  make_behavior(std::string service, engine_actor engine, std::shared_ptr<prober> probes,
                caf::typed_actor<caf::reacts_to<upstreams_changed>> gateway,
                std::vector<std::string> ready);

private:
  /// What is known of a running container.
  struct watched {
    uint32_t good = 0;
    bool probing = false;
    bool ready = false;
    caf::actor_clock::time_point since;
    std::optional<caf::actor_clock::time_point> good_since;
    std::optional<caf::actor_clock::time_point> refused_since;
    std::optional<caf::actor_clock::time_point> bad_since;
    std::optional<caf::actor_clock::time_point> asked_evidence;
  };

  void hide(const sealed_secrets& x);
  void refresh();
  void refresh_later();
  void update(std::vector<task> tasks);
  void look_for_failure();
  void look_for_start();
  void look_for_end();
  void probe_all();
  void probed(const probe_finished& x);
  void doubt(const std::string& container, watched& w, const probe_result& result);
  void report();
  void succeed();
  void fail(const failure& why);
  template <class Then>
  void with_evidence(const std::string& container, Then then);
  void tick_later();

  interface::pointer self_;
  std::string service_;
  engine_actor engine_;
  std::shared_ptr<prober> probes_;
  caf::typed_actor<caf::reacts_to<upstreams_changed>> gateway_;
  std::optional<await_release> wanted_;
  sealed_secrets secrets_;
  std::vector<caf::typed_response_promise<release_ready>> waiting_;
  std::vector<caf::typed_response_promise<release_failed>> mourning_; ///< While it serves.
  std::vector<caf::typed_response_promise<task_started>> starting_;   ///< The same.
  std::vector<caf::typed_response_promise<task_ended>> ending_;       ///< Of a task that runs once.
  std::vector<task> tasks_;
  std::map<std::string, watched> containers_; ///< Running ones, by id.
  std::vector<std::string> reported_;
  std::vector<std::string>
    inherited_; ///< What was reported before this watch; until it has looked.
  caf::actor_clock::time_point started_;
  caf::actor_clock::time_point refreshed_;
  bool refreshing_ = false;
  bool again_ = false;
  bool retrying_ = false;   ///< A refresh_tick is on its way.
  uint32_t unanswered_ = 0; ///< Questions in a row.
  bool ticking_ = false;
  bool failing_ = false;
};

/// *ready*: the addresses of tasks that the watch before this one found ready. Those of them that
/// still run are.
service_watch_state::interface::behavior_type
service_watch(service_watch_state::interface::stateful_pointer<service_watch_state> self,
              std::string service, engine_actor engine, std::shared_ptr<prober> probes,
              caf::typed_actor<caf::reacts_to<upstreams_changed>> gateway,
              std::vector<std::string> ready);

} // namespace backendim

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(backendim::probe_tick)     // never leaves its actor
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(backendim::refresh_tick)   // never leaves its actor
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(backendim::probe_finished) // never leaves its actor
