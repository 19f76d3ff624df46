// How many requests a second a tenant may get.

#include "actors/gateway.hpp"
#include "actors/resolve.hpp"

#include <spdlog/spdlog.h>

namespace backendim {

using namespace std::chrono_literals;

namespace {
constexpr auto quota_pause = 5s; // its stream may be damaged
} // namespace

/// Of a tenant that the gateway has not seen yet; later the quota tells by itself. Until it is
/// known nobody is turned away.
void gateway_state::ask_limit(const std::string& tenant) {
  if (paces_.contains(tenant) || !asked_.insert(tenant).second)
    return;
  ask_path<quota_report>(
    self_, context_.ingress, quota_path(tenant), get_quota{},
    [this, tenant](const quota_report& x) {
      limit({tenant, x.limits.requests_per_second});
    },
    [this, tenant](const caf::error& why) {
      if (why == ec::not_found) { // nobody keeps quotas
        limit({tenant, caf::none});
        return;
      }
      spdlog::warn("gateway could not ask for a quota tenant={} why=\"{}\"", tenant, render(why));
      self_->delayed_send(self_, quota_pause, quota_retry{tenant});
    });
}

void gateway_state::limit(const request_limit& x) {
  asked_.erase(x.tenant);
  const auto [known, fresh] = paces_.try_emplace(x.tenant, caf::none);
  if (known->second == x.requests_per_second)
    return;
  known->second = x.requests_per_second;
  publish();
}

} // namespace backendim
