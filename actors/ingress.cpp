#include "actors/ingress.hpp"

#include "actors/resolve.hpp"
#include "protocol/types.hpp"

#include <malloc.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

namespace backendim {

using namespace std::chrono_literals;

namespace {

constexpr uint32_t page = 16; // of streams: about so many are replayed at once
constexpr int trims = 10;     // one each second, while they come to life and tell others
constexpr uint32_t max_listed = 1'000;
constexpr auto listing_retry = 5s;

} // namespace

ingress_state::interface::behavior_type ingress_state::make_behavior(ingress_context context) {
  context_ = std::move(context);
  self_->set_down_handler([this](const caf::down_msg& x) { ended(x); });
  for (const auto kind : context_.wakes)
    wake_all(prefix_of(kind), "");
  if (context_.incidents)
    self_->delayed_send(self_, context_.restarts.healthy_after, review_tick{});
  return {
    [this](const resolve_path& x) { return resolve(x.path); },
    [this](const list_actors& x) -> caf::result<actor_list> {
      actor_list result;
      const auto limit = std::min(x.limit, max_listed);
      auto i = x.after < x.prefix ? actors_.lower_bound(x.prefix) : actors_.upper_bound(x.after);
      for (; i != actors_.end() && result.items.size() < limit; ++i)
        if (i->first.starts_with(x.prefix))
          result.items.push_back(i->second.what);
      return result;
    },
    [this](actor_entry& what, const caf::strong_actor_ptr& who) {
      if (who)
        add(std::move(what), who, false);
    },
    [this](const restart_tick& x) {
      due_.erase(x.path);
      if (!actors_.contains(x.path))
        (void)resolve(x.path);
    },
    [this](const renew_all& x) { renew(x.prefix); },
    [this](const steady_tick& x) { steady(x); },
    [this](const wake_tick& x) { wake_all(x.prefix, x.after); },
    [this](review_tick) { review(); },
    // Thousands of streams were replayed: what that took is given back. That takes long enough to
    // have a thread of its own; everybody waits for the ingress. No actor of its own: that could
    // outlive the system it belongs to.
    [this](awake_tick x) {
      std::thread{[] { ::malloc_trim(0); }}.detach();
      if (x.more > 0)
        self_->delayed_send(self_, 1s, awake_tick{x.more - 1});
    },
  };
}

caf::result<caf::strong_actor_ptr> ingress_state::resolve(const std::string& path) {
  if (auto found = actors_.find(path); found != actors_.end()) {
    if (found->second.owned)
      return found->second.owned;
    if (auto alive = found->second.announced.lock())
      return alive;
  }
  const auto what = parse_path(path);
  if (!what)
    return what.error();
  const auto start = context_.kinds.find(what->kind);
  if (start == context_.kinds.end())
    return caf::make_error(ec::not_found, "no actor at " + path);
  auto started = start->second(interface{self_}, what->parts);
  add({path, std::string{shape_of(what->kind).name}, what->parent()}, started, true);
  if (const auto before = failures_.find(path); before != failures_.end())
    self_->delayed_send(self_, context_.restarts.healthy_after, steady_tick{path, before->second});
  return started;
}

/// Brings back every stream that begins with *prefix*, a page at a time.
void ingress_state::wake_all(const std::string& prefix, const std::string& after) {
  self_->request(context_.journal, 30s, get_streams{prefix, after, page})
    .then(
      [this, prefix](const stream_names& x) {
        for (const auto& stream : x.names)
          (void)resolve(stream);
        if (x.names.size() == page)
          wake_all(prefix, x.names.back());
        else
          self_->delayed_send(self_, 1s, awake_tick{trims - 1});
      },
      [this, prefix, after](const caf::error& reason) {
        spdlog::error("ingress could not list streams prefix={} why=\"{}\"", prefix,
                      render(to_domain_error(reason)));
        self_->delayed_send(self_, listing_retry, wake_tick{prefix, after});
      });
}

void ingress_state::add(actor_entry what, const caf::strong_actor_ptr& who, bool own) {
  const auto address = caf::actor_cast<caf::actor_addr>(who);
  paths_[address] = what.path;
  self_->monitor(address);
  auto path = what.path;
  entry added{std::move(what), own ? who : nullptr, caf::actor_cast<caf::weak_actor_ptr>(who)};
  actors_.insert_or_assign(std::move(path), std::move(added));
}

/// A durable actor that fell asleep is only forgotten; one that failed is started again.
void ingress_state::ended(const caf::down_msg& x) {
  const auto known = paths_.find(x.source);
  if (known == paths_.end())
    return;
  const auto path = known->second;
  paths_.erase(known);
  const auto found = actors_.find(path);
  if (found == actors_.end()
      || found->second.announced != caf::actor_cast<caf::weak_actor_ptr>(x.source))
    return; // another one lives there by now
  const bool own = found->second.owned != nullptr;
  actors_.erase(found);
  if (renewed_.erase(path) > 0) {
    (void)resolve(path);
    return;
  }
  if (own && x.reason && x.reason != caf::exit_reason::normal
      && x.reason != caf::exit_reason::user_shutdown)
    failed(path, to_domain_error(x.reason));
}

void ingress_state::failed(const std::string& path, const caf::error& why) {
  const auto count = ++failures_[path];
  const auto delay = restart_delay(context_.restarts, count);
  spdlog::error("ingress lost an actor path={} failures={} again_in_ms={} why=\"{}\"", path, count,
                delay.count(), render(why));
  if (why == ec::internal) // its events: no restart mends them
    tell(report_incident{incident_kind::stream_damaged, path, render(why),
                         "If a newer release wrote it, run that one again; otherwise restore the "
                         "journal from a backup. Other apps are not affected."});
  else if (count > context_.restarts.max_failures)
    tell(report_incident{incident_kind::actor_down, path, render(why),
                         "Look at the log of backendimd; restart it if this goes on."});
  const auto what = parse_path(path);
  if (what && shape_of(what->kind).restarts && due_.insert(path).second)
    self_->delayed_send(self_, delay, restart_tick{path});
}

/// It has lived for a while, so it works.
void ingress_state::steady(const steady_tick& x) {
  const auto found = failures_.find(x.path);
  if (found == failures_.end() || found->second != x.failures || !actors_.contains(x.path))
    return; // it failed again meanwhile
  failures_.erase(found);
  tell(resolve_incident{incident_kind::stream_damaged, x.path});
  tell(resolve_incident{incident_kind::actor_down, x.path});
}

/// What could not live before the daemon began may be able to now.
void ingress_state::review() {
  self_->request(context_.incidents, answer_deadline, get_incidents{})
    .then(
      [this](const incident_list& x) {
        for (const auto& known : x.items) {
          const auto what = parse_path(known.path);
          const bool ours = what && context_.kinds.contains(what->kind);
          if (known.resolved || !ours || !failures_.emplace(known.path, 0).second)
            continue;
          (void)resolve(known.path);
          self_->delayed_send(self_, context_.restarts.healthy_after, steady_tick{known.path, 0});
        }
      },
      [](const caf::error& why) {
        spdlog::warn("ingress could not read the incidents why=\"{}\"",
                     render(to_domain_error(why)));
      });
}

void ingress_state::renew(const std::string& prefix) {
  for (auto i = actors_.lower_bound(prefix); i != actors_.end() && i->first.starts_with(prefix);
       ++i)
    if (i->second.owned && renewed_.insert(i->first).second)
      self_->send_exit(i->second.owned, caf::exit_reason::user_shutdown);
}

ingress_state::interface::behavior_type
ingress(ingress_state::interface::stateful_pointer<ingress_state> self, ingress_context context) {
  return self->state.make_behavior(std::move(context));
}

} // namespace backendim
