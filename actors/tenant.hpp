#pragma once

#include "protocol/directory.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <map>
#include <string>

namespace backendim {

/// Knows the apps of one tenant, as each of them tells: a view, found again after a restart
/// because every app announces itself. Its members are the accounts' truth, which it asks.
class tenant_state {
public:
  static constexpr const char* name = "tenant";

  explicit tenant_state(tenant_actor::pointer self) : self_{self} {}

  tenant_actor::behavior_type make_behavior(std::string tenant, ingress_actor ingress);

private:
  template <class Message>
  caf::result<member_list> ask_accounts(Message x);

  tenant_actor::pointer self_;
  ingress_actor ingress_;
  std::string tenant_;
  std::map<std::string, app_info> apps_; ///< By name.
};

/// The actor at tenant/<name>.
tenant_actor::behavior_type tenant(tenant_actor::stateful_pointer<tenant_state> self,
                                   std::string name, ingress_actor ingress);

} // namespace backendim
