#include "actors/gateway.hpp"

#include "actors/redactor.hpp"
#include "actors/release_tasks.hpp"
#include "actors/resolve.hpp"
#include "protocol/secret_use.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace backendim {

using namespace std::chrono_literals;

namespace {

/// A table that takes longer to make, some thousand hosts, is not made for each change.
constexpr auto large_table = 1ms;

std::vector<upstream_address> addresses_of(const std::vector<std::string>& upstreams) {
  std::vector<upstream_address> result;
  for (const auto& upstream : upstreams) {
    const auto colon = upstream.rfind(':');
    uint16_t port = 0;
    std::from_chars(upstream.data() + colon + 1, upstream.data() + upstream.size(), port);
    result.push_back({upstream.substr(0, colon), port});
  }
  return result;
}

} // namespace

gateway_state::interface::behavior_type gateway_state::make_behavior(gateway_context context) {
  context_ = std::move(context);
  auto before = context_.memory->last();
  self_->set_down_handler([this](const caf::down_msg& x) { watch_ended(x); });
  epoch_ = used_ = std::max(context_.first_epoch, before.epoch); // the edge may use that table
  for (auto& x : before.routes)
    remembered_.emplace(x.host, std::move(x));
  if (!remembered_.empty())
    self_->delayed_send(self_, context_.remember, memory_faded{});
  return {
    [this](const await_release& x) -> caf::result<release_ready> {
      auto& service = watch(x.secrets.tenant, x.service);
      service.spec = x;
      return self_->delegate(service.watch, x);
    },
    [this](const await_failure& x) -> caf::result<release_failed> {
      return self_->delegate(watch(x.secrets.tenant, x.service).watch, x);
    },
    [this](const await_start& x) -> caf::result<task_started> {
      return self_->delegate(watch(x.tenant, x.service).watch, x);
    },
    [this](const await_end& x) -> caf::result<task_ended> {
      return self_->delegate(watch(x.secrets.tenant, x.service).watch, x);
    },
    [this](set_route& x) { return change_route(std::move(x)); },
    [this](set_aliases& x) { return change_aliases(std::move(x)); },
    [this](const remove_route& x) { return forget_route(x); },
    [this](split_route& x) { return split(std::move(x)); },
    [this](const end_split& x) -> caf::result<route_set> {
      if (forget_split(x.host, x.service))
        publish();
      return route_set{x.host, epoch_};
    },
    [this](const retire_release& x) { return retire(x.service); },
    [this](const get_gateway&) -> caf::result<gateway_info> { return info(); },
    [this](upstreams_changed& x) {
      auto found = services_.find(x.service);
      if (found == services_.end())
        return;
      found->second.ready = std::move(x.addresses);
      found->second.told = true;
      publish();
    },
    [this](const container_changed& x) {
      for (auto& [service, watched] : services_)
        if (x.service.empty() || x.service == service)
          self_->send(watched.watch, x);
    },
    [this](const table_used& x) { used(x.epoch); },
    [this](table_due) {
      resting_ = false;
      send_if_due();
    },
    [this](const service_drained& x) { remove(x.service); },
    [this](route_reached& x) {
      auto waiting = unreached_.extract(x.wait);
      auto& [host, promise] = waiting.mapped();
      if (x.why_not)
        promise.deliver(std::move(x.why_not));
      else
        promise.deliver(route_set{host, used_});
    },
    [this](const request_limit& x) { limit(x); },
    [this](const quota_retry& x) {
      asked_.erase(x.tenant);
      ask_limit(x.tenant);
    },
    [this](const watch_due& x) { watch_again(x); },
    [this](memory_faded) {
      remembered_.clear();
      publish();
    },
  };
}

gateway_state::watched_service& gateway_state::watch(const std::string& tenant,
                                                     const std::string& service) {
  auto [place, fresh] = services_.try_emplace(service);
  if (fresh) {
    place->second.tenant = tenant;
    begin_watch(service, place->second);
  }
  return place->second;
}

/// After a restart its watch does not know what to probe.
void gateway_state::probe(const await_release& x) {
  auto& service = watch(x.secrets.tenant, x.service);
  if (service.spec == x)
    return;
  service.spec = x;
  self_->request(service.watch, 3600s, x)
    .then([](const release_ready&) {}, [](const caf::error&) {});
}

/// With marks in place of passwords. Of one that cannot be opened there is none, and nobody can log
/// in with it.
route_rules gateway_state::marked(const std::string& host, const sealed_rules& x) const {
  route_rules result{x.what, {}};
  if (!x.what.basic_auth || !context_.keys)
    return result;
  const auto values = opened(*context_.keys, x.secrets);
  if (!values) {
    spdlog::error("gateway lets nobody log in host={} why=\"{}\"", host, render(values.error()));
    return result;
  }
  for (const auto& [user, text] : *x.what.basic_auth) {
    const auto names = secrets_in(text);
    if (!names || names->size() != 1)
      continue;
    const auto found
      = std::ranges::find(*values, names->front(), &std::pair<std::string, std::string>::first);
    if (found != values->end())
      result.logins.push_back(context_.keys->mark(login_text(host, user + ":" + found->second)));
  }
  return result;
}

caf::result<route_set> gateway_state::change_route(set_route x) {
  route wish{std::move(x.tenant),     std::move(x.app),  {},
             std::move(x.title),      std::move(x.text), {},
             std::move(x.maintenance)};
  if (x.service)
    wish.service = *x.service;
  if (x.rules)
    wish.rules = std::move(*x.rules);
  auto& current = routes_[x.host];
  const bool same = current == wish;
  if (!(current.rules == wish.rules)) {
    mark_rules(x.host, wish.rules);
    for (const auto& alias : aliases_of(x.host))
      mark_rules(alias, wish.rules);
  }
  current = std::move(wish);
  if (!current.service)
    remembered_.erase(x.host); // what it was before says nothing more
  bool promoted = false;
  if (x.service) {
    ask_limit(current.tenant);
    probe(*x.service);
    promoted = forget_split(x.host, x.service->service); // it gets all requests now
  }
  return answer_at(same && !promoted ? epoch_ + (changed_ ? 1 : 0) : publish(), x.host);
}

/// A host that was an app's may be another's by now, told or only remembered of before a restart.
caf::result<route_set> gateway_state::forget_route(const remove_route& x) {
  const auto told = routes_.find(x.host);
  const auto before = remembered_.find(x.host);
  const bool other
    = told != routes_.end() && (told->second.tenant != x.tenant || told->second.app != x.app);
  const bool other_before = before != remembered_.end() && before->second.tenant != x.tenant;
  if (other || other_before)
    return route_set{x.host, epoch_};
  forget_rules(x.host);
  splits_.erase(x.host);
  if (routes_.erase(x.host) + remembered_.erase(x.host) == 0)
    return route_set{x.host, epoch_};
  auto promise = self_->make_response_promise<route_set>();
  unused_.emplace(publish(), std::pair{x.host, promise});
  return promise;
}

/// Once the table *epoch* is in use and requests for *host* find their way.
caf::result<route_set> gateway_state::answer_at(uint64_t epoch, const std::string& host) {
  auto promise = self_->make_response_promise<route_set>();
  if (epoch <= used_)
    reach(host, promise);
  else
    unused_.emplace(epoch, std::pair{host, promise});
  return promise;
}

void gateway_state::reach(const std::string& host, caf::typed_response_promise<route_set> promise) {
  if (!is_routed(host)) { // removed, or of an app without a route
    promise.deliver(route_set{host, used_});
    return;
  }
  unreached_.emplace(++waits_, std::pair{host, std::move(promise)});
  context_.front->when_reachable(host, [me = interface{self_}, wait = waits_](caf::error why_not) {
    caf::anon_send(me, route_reached{wait, std::move(why_not)});
  });
}

route_table table_of(const gateway_info& x) {
  route_table result;
  result.epoch = x.epoch;
  for (const auto& route : x.routes) {
    auto& entry = result.hosts[route.host];
    entry.page_title = route.page;
    entry.page_text = route.text;
    entry.rules = route.rules;
    entry.maintenance = route.maintenance;
    entry.tenant = route.tenant ? *route.tenant : "";
    entry.tenant_requests = route.tenant_requests;
    entry.upstreams = addresses_of(route.upstreams);
    if (const auto& share = route.canary)
      entry.split = route_split{share->service, share->weight, addresses_of(share->upstreams)};
  }
  return result;
}

/// "172.18.0.5:3000". What is ready; until its watch knows, what was ready *before*.
std::vector<std::string> gateway_state::ready_of(const std::string& service,
                                                 const std::vector<std::string>& before) const {
  const auto watched = services_.find(service);
  if (watched == services_.end() || (!watched->second.told && !before.empty()))
    return before;
  std::vector<std::string> result;
  for (const auto& address : watched->second.ready)
    result.push_back(address + ":" + std::to_string(watched->second.spec.port));
  return result;
}

std::vector<std::string> gateway_state::upstreams_of(const std::string& host,
                                                     const route& x) const {
  if (!x.service)
    return {};
  const auto before = remembered_.find(host);
  const bool same = before != remembered_.end() && before->second.service == x.service->service;
  return ready_of(x.service->service, same ? before->second.upstreams : std::vector<std::string>{});
}

/// One table is on its way at a time, and making tables takes at most a tenth of the time; what
/// changes meanwhile goes into the next one. So thousands of apps that come back at once cost a few
/// tables, not one each.
uint64_t gateway_state::publish() {
  if (used_ < epoch_ || resting_) {
    changed_ = true;
    return epoch_ + 1;
  }
  send_table();
  return epoch_;
}

void gateway_state::send_table() {
  const auto began = self_->clock().now();
  changed_ = false;
  ++epoch_;
  auto known = info();
  auto table = table_of(known);
  context_.memory->keep(std::move(known));
  context_.front->publish(std::move(table), [me = interface{self_}, epoch = epoch_] {
    caf::anon_send(me, table_used{epoch});
  });
  const auto took = self_->clock().now() - began;
  resting_ = took > large_table;
  if (resting_)
    self_->delayed_send(self_, 9 * took, table_due{});
}

void gateway_state::send_if_due() {
  if (changed_ && used_ == epoch_ && !resting_)
    send_table();
}

void gateway_state::used(uint64_t epoch) {
  used_ = std::max(used_, epoch);
  while (!unused_.empty() && unused_.begin()->first <= used_) {
    auto [host, promise] = std::move(unused_.begin()->second);
    unused_.erase(unused_.begin());
    reach(host, std::move(promise));
  }
  for (auto& [service, x] : retiring_)
    if (!x.draining && x.after_epoch <= used_)
      drain(service);
  send_if_due();
}

caf::result<release_removed> gateway_state::retire(const std::string& service) {
  for (const auto& [host, kept] : routes_)
    if (kept.service && kept.service->service == service)
      return caf::make_error(ec::conflict, service + " serves " + host);
  forget_splits(service);
  auto& x = retiring_[service];
  if (x.removing || x.draining || x.after_epoch != 0)
    return caf::make_error(ec::conflict, service + " is being retired");
  x.promise = self_->make_response_promise<release_removed>();
  auto promise = x.promise;
  x.after_epoch = publish(); // whatever was published before, this table surely lacks it
  return promise;
}

void gateway_state::drain(const std::string& service) {
  auto& x = retiring_.at(service);
  x.draining = true;
  std::vector<upstream_address> old;
  if (auto found = services_.find(service); found != services_.end())
    for (const auto& address : found->second.ready)
      old.push_back({address, found->second.spec.port});
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
  const auto forget = [this](const std::string& gone) {
    if (auto watched = services_.extract(gone); !watched.empty())
      self_->send_exit(watched.mapped().watch, caf::exit_reason::user_shutdown);
  };
  const auto failed = [done](const caf::error& reason) { done(to_domain_error(reason)); };
  // What ran once before it is gone already, unless its deployment was cancelled meanwhile.
  const remove_release before{command_service(service)};
  self_->request(context_.engine, 30s, before)
    .then(
      [this, service, done, forget, failed](const release_removed& gone) {
        forget(gone.service);
        self_->request(context_.engine, 30s, remove_release{service})
          .then(
            [service, done, forget](release_removed& x) {
              forget(service);
              done(std::move(x));
            },
            failed);
      },
      failed);
}

gateway_info gateway_state::info() const {
  gateway_info result;
  result.epoch = epoch_;
  result.routes.reserve(routes_.size() + aliases_.size() + remembered_.size());
  for (const auto& [host, kept] : routes_) {
    result.routes.push_back(info_of(host, host, kept));
    for (const auto& alias : aliases_of(host)) {
      result.routes.push_back(info_of(alias, host, kept));
      result.routes.back().alias_of = host;
    }
  }
  for (const auto& [host, before] : remembered_)
    if (!is_routed(host))
      result.routes.push_back(before);
  return result;
}

gateway_state::~gateway_state() {
  for (auto& x : unused_)
    x.second.second.deliver(caf::make_error(ec::unavailable, "the gateway stopped"));
  for (auto& x : unreached_)
    x.second.second.deliver(caf::make_error(ec::unavailable, "the gateway stopped"));
  for (auto& x : retiring_)
    x.second.promise.deliver(caf::make_error(ec::unavailable, "the gateway stopped"));
  for (auto& x : services_)
    caf::anon_send_exit(x.second.watch, caf::exit_reason::user_shutdown);
}

gateway_state::interface::behavior_type
gateway(gateway_state::interface::stateful_pointer<gateway_state> self, gateway_context context) {
  return self->state.make_behavior(std::move(context));
}

} // namespace backendim
