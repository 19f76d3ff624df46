#pragma once

#include "adapters/edge.hpp"
#include "adapters/prober.hpp"
#include "adapters/route_memory.hpp"
#include "adapters/vault.hpp"
#include "protocol/boxed.hpp"
#include "protocol/types.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace backendim {

struct gateway_context {
  engine_actor engine;
  ingress_actor ingress;
  std::shared_ptr<edge> front;
  std::shared_ptr<prober> probes;
  std::chrono::seconds drain_limit{30};   ///< Requests that are still open then are cut.
  uint64_t first_epoch = 0;               ///< The edge knows none that is higher.
  std::shared_ptr<route_memory> memory{}; ///< Of the gateway before this one, or the last start.
  std::chrono::seconds remember{15};      ///< How long what was not told again is still used.
  std::shared_ptr<vault> keys{};          ///< Opens and marks passwords; null: nobody logs in.
};

/// The routes that were known before have been told again, or never will be.
struct memory_faded {};

/// A tenant's quota could not be asked for; time to try again.
struct quota_retry {
  std::string tenant;
};

/// The table of an edge that uses what *x* says.
route_table table_of(const gateway_info& x);

/// No request begun from now on uses an upstream outside of table *epoch*.
struct table_used {
  uint64_t epoch = 0;
};

/// The last table was large, and enough time has passed since.
struct table_due {};

/// A retiring service has no request in flight, or had time enough.
struct service_drained {
  std::string service;
};

/// The watch of a service failed a moment ago: it is due to be replaced.
struct watch_due {
  std::string service;
  caf::actor_addr gone;
};

/// Requests for the host of a route that was set find their way here, or not.
struct route_reached {
  uint64_t wait = 0;
  caf::error why_not;
};

/// Owns the route table of one node: which host goes to which service, and which of its tasks are
/// ready. A service that leaves is taken out of the table, drained, and only then removed.
class gateway_state {
public:
  using interface = gateway_actor::extend<
    caf::reacts_to<table_used>, caf::reacts_to<table_due>, caf::reacts_to<service_drained>,
    caf::reacts_to<memory_faded>, caf::reacts_to<route_reached>, caf::reacts_to<quota_retry>,
    caf::reacts_to<watch_due>>;
  static constexpr const char* name = "gateway";

  explicit gateway_state(interface::pointer self) : self_{self} {}
  ~gateway_state();

  interface::behavior_type make_behavior(gateway_context context);

private:
  /// A set_route as it is kept under its host.
  struct route {
    std::string tenant;
    std::string app;
    boxed<await_release> service;
    std::string title;
    std::string text;
    boxed<sealed_rules> rules;
    caf::optional<std::string> maintenance;
    friend bool operator==(const route&, const route&) = default;
  };
  struct watched_service {
    std::string tenant;
    service_actor watch;
    await_release spec;
    std::vector<std::string> ready;
    bool told = false; ///< Its watch has said which are ready.
  };
  struct retirement {
    caf::typed_response_promise<release_removed> promise;
    uint64_t after_epoch = 0;
    bool draining = false;
    bool removing = false;
  };

  watched_service& watch(const std::string& tenant, const std::string& service);
  void probe(const await_release& x);
  caf::result<route_set> change_route(set_route x);
  caf::result<route_set> forget_route(const remove_route& x);
  caf::result<route_set> change_aliases(set_aliases x);
  caf::result<route_set> answer_at(uint64_t epoch, const std::string& host);
  bool is_routed(const std::string& host) const;
  const std::vector<std::string>& aliases_of(const std::string& host) const;
  void mark_rules(const std::string& host, const boxed<sealed_rules>& x);
  void forget_rules(const std::string& host);
  route_info info_of(const std::string& shown, const std::string& host, const route& x) const;
  route_rules marked(const std::string& host, const sealed_rules& x) const;
  void ask_limit(const std::string& tenant);
  void limit(const request_limit& x);
  caf::result<release_removed> retire(const std::string& service);
  uint64_t publish();
  void send_table();
  void send_if_due();
  void used(uint64_t epoch);
  void reach(const std::string& host, caf::typed_response_promise<route_set> promise);
  void drain(const std::string& service);
  void remove(const std::string& service);
  std::vector<std::string> ready_of(const std::string& service,
                                    const std::vector<std::string>& before) const;
  std::vector<std::string> upstreams_of(const std::string& host, const route& x) const;

  // gateway_watches.cpp
  void begin_watch(const std::string& service, watched_service& x);
  void watch_ended(const caf::down_msg& x);
  void watch_again(const watch_due& x);

  // gateway_splits.cpp
  caf::result<split_counted> split(split_route x);
  bool forget_split(const std::string& host, const std::string& service);
  void forget_splits(const std::string& service);
  caf::optional<route_share> share_of(const std::string& host) const;

  gateway_info info() const;

  interface::pointer self_;
  gateway_context context_;
  std::map<std::string, route> routes_;                  ///< By host.
  std::map<std::string, route_rules> rules_;             ///< By host; of those that have some.
  std::map<std::string, caf::optional<uint32_t>> paces_; ///< By tenant: requests a second.
  std::set<std::string> asked_;                ///< Tenants whose limit is being found out.
  std::map<std::string, split_route> splits_;  ///< By host.
  std::map<std::string, std::string> aliases_; ///< Each with the host that it stands for.
  std::map<std::string, std::vector<std::string>> by_host_; ///< The same the other way round.
  bool told_aliases_ = false;
  std::map<std::string, watched_service> services_; ///< By name.
  std::map<std::string, retirement> retiring_;      ///< By service.
  using route_promise = std::pair<std::string, caf::typed_response_promise<route_set>>;
  std::multimap<uint64_t, route_promise> unused_;
  std::map<uint64_t, route_promise> unreached_; ///< In the table in use, but perhaps not yet
                                                ///< known to what stands in front.
  uint64_t waits_ = 0;
  uint64_t epoch_ = 0;                           ///< Of the table sent last.
  uint64_t used_ = 0;                            ///< Of the table in use.
  bool changed_ = false;                         ///< Since the last table was sent.
  bool resting_ = false;                         ///< Until table_due.
  std::map<std::string, route_info> remembered_; ///< By host; what is not known anew.
};

gateway_state::interface::behavior_type
gateway(gateway_state::interface::stateful_pointer<gateway_state> self, gateway_context context);

} // namespace backendim

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(backendim::table_used)      // never leaves its actor
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(backendim::table_due)       // never leaves its actor
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(backendim::quota_retry)     // never leaves its actor
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(backendim::watch_due)       // never leaves its actor
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(backendim::service_drained) // never leaves its actor
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(backendim::memory_faded)    // never leaves its actor
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(backendim::route_reached)   // never leaves its actor
