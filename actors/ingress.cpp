#include "actors/ingress.hpp"

#include "actors/resolve.hpp"
#include "protocol/types.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace backendim {

using namespace std::chrono_literals;

namespace {

constexpr uint32_t page = 500;
constexpr uint32_t max_listed = 1'000;
constexpr uint32_t max_failures = 8; // with a delay that doubles from 1 s: about two minutes

std::vector<std::string> split(const std::string& path) {
  std::vector<std::string> parts(1);
  for (char c : path)
    if (c == '/')
      parts.emplace_back();
    else
      parts.back() += c;
  return parts;
}

} // namespace

ingress_state::interface::behavior_type ingress_state::make_behavior(ingress_context context) {
  context_ = std::move(context);
  self_->set_down_handler([this](const caf::down_msg& x) { ended(x); });
  for (const auto& prefix : context_.wake_prefixes)
    wake_all(prefix, "");
  return {
    [this](const resolve_path& x) { return resolve(x.path); },
    [this](const list_actors& x) -> caf::result<actor_list> {
      actor_list result;
      const auto limit = std::min(x.limit, max_listed);
      for (auto i = actors_.upper_bound(std::max(x.prefix, x.after));
           i != actors_.end() && result.items.size() < limit; ++i)
        if (i->first.starts_with(x.prefix))
          result.items.push_back(i->second.what);
      return result;
    },
    [this](actor_entry& what, const caf::strong_actor_ptr& who) {
      if (who)
        add(std::move(what), who, false);
    },
    [this](const restart_tick& x) {
      if (!actors_.contains(x.path))
        (void)resolve(x.path);
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
  auto parts = split(path);
  const auto kind = context_.kinds.find(parts.front());
  if (kind == context_.kinds.end())
    return caf::make_error(ec::not_found, "no actor at " + path);
  parts.erase(parts.begin());
  if (parts.size() != kind->second.parts
      || !std::ranges::all_of(parts, [&](const auto& x) { return kind->second.valid(x); }))
    return caf::make_error(ec::invalid_request, "not a path of a " + kind->first);
  auto started = kind->second.start(interface{self_}, parts);
  add({path, kind->first, kind->second.parent(parts)}, started, true);
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
      },
      [this, prefix, after](const caf::error& reason) {
        spdlog::error("ingress could not list streams prefix={} why=\"{}\"", prefix,
                      render(to_domain_error(reason)));
        self_->quit(to_domain_error(reason));
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
  const auto kind = found->second.what.kind;
  actors_.erase(found);
  if (!own || !x.reason || x.reason == caf::exit_reason::normal
      || x.reason == caf::exit_reason::user_shutdown) {
    failures_.erase(path);
    return;
  }
  const auto failed = ++failures_[path];
  spdlog::error("ingress lost an actor path={} failures={} why=\"{}\"", path, failed,
                render(to_domain_error(x.reason)));
  if (!context_.kinds.at(kind).restart || failed > max_failures)
    return;
  self_->delayed_send(self_, std::chrono::seconds{1u << (failed - 1)}, restart_tick{path});
}

ingress_state::interface::behavior_type
ingress(ingress_state::interface::stateful_pointer<ingress_state> self, ingress_context context) {
  return self->state.make_behavior(std::move(context));
}

} // namespace backendim
