#include "actors/gateway.hpp"

#include "actors/resolve.hpp"
#include "actors/service_watch.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace backendim {

using namespace std::chrono_literals;

gateway_state::interface::behavior_type gateway_state::make_behavior(gateway_context context) {
  context_ = std::move(context);
  return {
    [this](const await_release& x) -> caf::result<release_ready> {
      auto& service = watch(x.service);
      service.spec = x;
      return self_->delegate(service.watch, x);
    },
    [this](const set_route& x) { return change_route(x); },
    [this](const remove_route& x) -> caf::result<route_set> {
      if (routes_.erase(x.host) == 0)
        return route_set{x.host, epoch_};
      publish();
      auto promise = self_->make_response_promise<route_set>();
      unused_.emplace(epoch_, std::pair{x.host, promise});
      return promise;
    },
    [this](const retire_release& x) { return retire(x.service); },
    [this](const get_gateway&) -> caf::result<gateway_info> { return info(); },
    [this](upstreams_changed& x) {
      auto found = services_.find(x.service);
      if (found == services_.end())
        return;
      found->second.ready = std::move(x.addresses);
      publish();
    },
    [this](const container_changed& x) {
      for (auto& [service, watched] : services_)
        if (x.service.empty() || x.service == service)
          self_->send(watched.watch, x);
    },
    [this](const table_used& x) { used(x.epoch); },
    [this](const service_drained& x) { remove(x.service); },
  };
}

gateway_state::watched_service& gateway_state::watch(const std::string& service) {
  auto [place, fresh] = services_.try_emplace(service);
  if (fresh) {
    const auto me
      = caf::actor_cast<caf::typed_actor<caf::reacts_to<upstreams_changed>>>(interface{self_});
    place->second.watch
      = self_->spawn(service_watch, service, context_.engine, context_.probes, me);
    self_->send(context_.ingress, actor_entry{"service/" + service, "service", context_.path},
                caf::actor_cast<caf::strong_actor_ptr>(place->second.watch));
  }
  return place->second;
}

caf::result<route_set> gateway_state::change_route(const set_route& x) {
  auto& current = routes_[x.host];
  const bool same = current == x;
  current = x;
  if (x.service) {
    auto& service = watch(x.service->service);
    if (service.spec != *x.service) { // after a restart its watch does not know what to probe
      service.spec = *x.service;
      self_->request(service.watch, 3600s, *x.service)
        .then([](const release_ready&) {}, [](const caf::error&) {});
    }
  }
  if (same && used_ == epoch_)
    return route_set{x.host, epoch_};
  publish();
  auto promise = self_->make_response_promise<route_set>();
  unused_.emplace(epoch_, std::pair{x.host, promise});
  return promise;
}

std::vector<upstream_address> gateway_state::upstreams(const watched_service& x) const {
  std::vector<upstream_address> result;
  for (const auto& address : x.ready)
    result.push_back({address, x.spec.port});
  return result;
}

void gateway_state::publish() {
  route_table table;
  table.epoch = ++epoch_;
  for (const auto& [host, route] : routes_) {
    auto& entry = table.hosts[host];
    entry.page_title = route.title;
    entry.page_text = route.text;
    if (route.service)
      if (auto found = services_.find(route.service->service); found != services_.end())
        entry.upstreams = upstreams(found->second);
  }
  context_.front->publish(std::move(table), [me = interface{self_}, epoch = epoch_] {
    caf::anon_send(me, table_used{epoch});
  });
}

void gateway_state::used(uint64_t epoch) {
  used_ = std::max(used_, epoch);
  for (auto last = unused_.upper_bound(used_);
       auto& x : std::ranges::subrange(unused_.begin(), last))
    x.second.second.deliver(route_set{x.second.first, used_});
  unused_.erase(unused_.begin(), unused_.upper_bound(used_));
  for (auto& [service, x] : retiring_)
    if (!x.draining && x.after_epoch <= used_)
      drain(service);
}

caf::result<release_removed> gateway_state::retire(const std::string& service) {
  for (const auto& [host, route] : routes_)
    if (route.service && route.service->service == service)
      return caf::make_error(ec::conflict, service + " serves " + host);
  auto& x = retiring_[service];
  if (x.removing || x.draining || x.after_epoch != 0)
    return caf::make_error(ec::conflict, service + " is being retired");
  x.promise = self_->make_response_promise<release_removed>();
  auto promise = x.promise;
  publish(); // whatever was published before, this table surely lacks it
  x.after_epoch = epoch_;
  return promise;
}

void gateway_state::drain(const std::string& service) {
  auto& x = retiring_.at(service);
  x.draining = true;
  std::vector<upstream_address> old;
  if (auto found = services_.find(service); found != services_.end())
    old = upstreams(found->second);
  self_->delayed_send(self_, context_.drain_limit, service_drained{service});
  context_.front->when_idle(std::move(old), [me = interface{self_}, service] {
    caf::anon_send(me, service_drained{service});
  });
}

void gateway_state::remove(const std::string& service) {
  auto found = retiring_.find(service);
  if (found == retiring_.end() || std::exchange(found->second.removing, true))
    return; // the other of drained and deadline came first
  const auto done = [this, service](caf::expected<release_removed> outcome) {
    auto x = retiring_.extract(service);
    if (x.empty())
      return;
    if (outcome)
      x.mapped().promise.deliver(std::move(*outcome));
    else
      x.mapped().promise.deliver(std::move(outcome.error()));
  };
  self_->request(context_.engine, 30s, remove_release{service})
    .then(
      [this, service, done](release_removed& x) {
        if (auto watched = services_.extract(service); !watched.empty())
          self_->send_exit(watched.mapped().watch, caf::exit_reason::user_shutdown);
        done(std::move(x));
      },
      [done](const caf::error& reason) { done(to_domain_error(reason)); });
}

gateway_info gateway_state::info() const {
  gateway_info result;
  result.epoch = epoch_;
  for (const auto& [host, route] : routes_) {
    route_info x{host, route.service ? route.service->service : "", {}, route.title};
    if (auto found = services_.find(x.service); found != services_.end())
      for (const auto& upstream : upstreams(found->second))
        x.upstreams.push_back(upstream.host + ":" + std::to_string(upstream.port));
    result.routes.push_back(std::move(x));
  }
  return result;
}

gateway_state::~gateway_state() {
  for (auto& x : unused_)
    x.second.second.deliver(caf::make_error(ec::unavailable, "the gateway stopped"));
  for (auto& x : retiring_)
    x.second.promise.deliver(caf::make_error(ec::unavailable, "the gateway stopped"));
}

gateway_state::interface::behavior_type
gateway(gateway_state::interface::stateful_pointer<gateway_state> self, gateway_context context) {
  return self->state.make_behavior(std::move(context));
}

} // namespace backendim
