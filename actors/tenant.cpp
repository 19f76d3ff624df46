#include "actors/tenant.hpp"

#include "actors/resolve.hpp"
#include "protocol/types.hpp"

#include <utility>

namespace backendim {

tenant_actor::behavior_type tenant_state::make_behavior(std::string tenant, ingress_actor ingress) {
  tenant_ = std::move(tenant);
  ingress_ = std::move(ingress);
  return {
    [this](const get_tenant&) -> caf::result<tenant_info> {
      tenant_info result{tenant_, {}};
      for (const auto& [app, info] : apps_)
        result.apps.push_back(info);
      return result;
    },
    [this](const get_members&) { return ask_accounts(list_members{tenant_}); },
    [this](set_member& x) {
      return ask_accounts(
        change_member{tenant_, std::move(x.user), x.role, std::move(x.caller), std::move(x.meta)});
    },
    [this](remove_member& x) {
      return ask_accounts(change_member{tenant_, std::move(x.user), caf::none, std::move(x.caller),
                                        std::move(x.meta)});
    },
    [this](app_info& x) {
      auto key = x.app;
      apps_.insert_or_assign(std::move(key), std::move(x));
    },
    [this](const app_removed& x) { apps_.erase(x.app); },
  };
}

template <class Message>
caf::result<member_list> tenant_state::ask_accounts(Message x) {
  auto promise = self_->make_response_promise<member_list>();
  ask_path<member_list>(
    self_, ingress_, accounts_path(), std::move(x),
    [promise](member_list& all) {
      auto asked = promise;
      asked.deliver(std::move(all));
    },
    [promise](const caf::error& why) {
      auto asked = promise;
      asked.deliver(why);
    });
  return promise;
}

tenant_actor::behavior_type tenant(tenant_actor::stateful_pointer<tenant_state> self,
                                   std::string name, ingress_actor ingress) {
  return self->state.make_behavior(std::move(name), std::move(ingress));
}

} // namespace backendim
