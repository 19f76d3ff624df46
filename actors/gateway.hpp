#pragma once

#include "adapters/edge.hpp"
#include "adapters/prober.hpp"
#include "protocol/types.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace backendim {

struct gateway_context {
  std::string path; ///< gateway/<node>
  engine_actor engine;
  ingress_actor ingress;
  std::shared_ptr<edge> front;
  std::shared_ptr<prober> probes;
  std::chrono::seconds drain_limit{30}; ///< Requests that are still open then are cut.
};

/// No request begun from now on uses an upstream outside of table *epoch*.
struct table_used {
  uint64_t epoch = 0;
};

/// A retiring service has no request in flight, or had time enough.
struct service_drained {
  std::string service;
};

/// Owns the route table of one node: which host goes to which service, and which of its tasks are
/// ready. A service that leaves is taken out of the table, drained, and only then removed.
class gateway_state {
public:
  using interface = gateway_actor::extend<caf::reacts_to<table_used>,
                                          caf::reacts_to<service_drained>>;
  static constexpr const char* name = "gateway";

  explicit gateway_state(interface::pointer self) : self_{self} {}
  ~gateway_state();

  interface::behavior_type make_behavior(gateway_context context);

private:
  struct watched_service {
    service_actor watch;
    await_release spec;
    std::vector<std::string> ready;
  };
  struct retirement {
    caf::typed_response_promise<release_removed> promise;
    uint64_t after_epoch = 0;
    bool draining = false;
    bool removing = false;
  };

  watched_service& watch(const std::string& service);
  caf::result<route_set> change_route(const set_route& x);
  caf::result<release_removed> retire(const std::string& service);
  void publish();
  void used(uint64_t epoch);
  void drain(const std::string& service);
  void remove(const std::string& service);
  std::vector<upstream_address> upstreams(const watched_service& x) const;
  gateway_info info() const;

  interface::pointer self_;
  gateway_context context_;
  std::map<std::string, set_route> routes_;         ///< By host.
  std::map<std::string, watched_service> services_; ///< By name.
  std::map<std::string, retirement> retiring_;      ///< By service.
  std::multimap<uint64_t, std::pair<std::string, caf::typed_response_promise<route_set>>> unused_;
  uint64_t epoch_ = 0;
  uint64_t used_ = 0;
};

gateway_state::interface::behavior_type
gateway(gateway_state::interface::stateful_pointer<gateway_state> self, gateway_context context);

} // namespace backendim

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(backendim::table_used)      // never leaves its actor
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(backendim::service_drained) // never leaves its actor
