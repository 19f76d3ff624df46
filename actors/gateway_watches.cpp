// Each service of a gateway has somebody who watches it, whatever becomes of him.

#include "actors/gateway.hpp"
#include "actors/resolve.hpp"
#include "actors/service_watch.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <spdlog/spdlog.h>

#include <algorithm>

namespace backendim {

using namespace std::chrono_literals;

namespace {
constexpr auto pause_after_failure = 1s; // what ended it may end the next one too
constexpr auto readiness_limit = 3600s;
} // namespace

void gateway_state::begin_watch(const std::string& service, watched_service& x) {
  const auto me
    = caf::actor_cast<caf::typed_actor<caf::reacts_to<upstreams_changed>>>(interface{self_});
  x.watch = self_->spawn(service_watch, service, context_.engine, context_.probes, me, x.ready);
  self_->monitor(x.watch);
  self_->send(context_.ingress, entry_at(service_path(x.tenant, service)),
              caf::actor_cast<caf::strong_actor_ptr>(x.watch));
}

/// One whose service is gone was told to end, too, and is not known any more.
void gateway_state::watch_ended(const caf::down_msg& x) {
  const auto found = std::ranges::find_if(
    services_, [&](const auto& each) { return each.second.watch.address() == x.source; });
  if (found == services_.end() || x.reason == caf::exit_reason::user_shutdown)
    return; // all is being ended
  spdlog::error("gateway lost the watch of a service service={} why=\"{}\"", found->first,
                render(to_domain_error(x.reason)));
  self_->delayed_send(self_, pause_after_failure, watch_due{found->first, x.source});
}

/// What was ready stays in use meanwhile.
void gateway_state::watch_again(const watch_due& x) {
  const auto found = services_.find(x.service);
  if (found == services_.end() || found->second.watch.address() != x.gone)
    return; // it is another one's by now
  auto& service = found->second;
  begin_watch(x.service, service);
  if (!service.spec.service.empty())
    self_->request(service.watch, readiness_limit, service.spec)
      .then([](const release_ready&) {}, [](const caf::error&) {});
}

} // namespace backendim
