#include "actors/tenant.hpp"

#include "protocol/types.hpp"

#include <utility>

namespace backendim {

tenant_actor::behavior_type tenant_state::make_behavior(std::string tenant) {
  tenant_ = std::move(tenant);
  return {
    [this](const get_tenant&) -> caf::result<tenant_info> {
      tenant_info result{tenant_, {}};
      for (const auto& [app, info] : apps_)
        result.apps.push_back(info);
      return result;
    },
    [this](app_info& x) {
      auto key = x.app;
      apps_.insert_or_assign(std::move(key), std::move(x));
    },
    [this](const app_removed& x) { apps_.erase(x.app); },
  };
}

tenant_actor::behavior_type tenant(tenant_actor::stateful_pointer<tenant_state> self,
                                   std::string name) {
  return self->state.make_behavior(std::move(name));
}

} // namespace backendim
