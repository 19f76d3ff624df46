// How many builds of a tenant the queue lets run at once.

#include "actors/build_queue.hpp"
#include "actors/resolve.hpp"
#include "protocol/types.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace backendim {

using namespace std::chrono_literals;

namespace {
constexpr auto limit_retry = 5s; // its stream may be damaged
} // namespace

/// A tenant that the queue has not seen yet has its quota asked; later the quota tells by itself.
void build_queue_state::ask_limit(const std::string& tenant) {
  if (limits_.contains(tenant) || !asked_.insert(tenant).second)
    return;
  ask_path<quota_report>(
    self_, ingress_, quota_path(tenant), get_quota{},
    [this, tenant](const quota_report& x) {
      limit({tenant, x.limits.builds, x.limits.disk_bytes});
    },
    [this, tenant](const caf::error& why) {
      if (why == ec::not_found) { // nobody keeps quotas
        limit({tenant, caf::none, caf::none});
        return;
      }
      spdlog::warn("build_queue could not ask for a quota tenant={} why=\"{}\"", tenant,
                   render(why));
      self_->delayed_send(self_, limit_retry, limit_retry_tick{tenant});
    });
}

void build_queue_state::limit(const build_limit& x) {
  asked_.erase(x.tenant);
  limits_.insert_or_assign(x.tenant, x);
  start_jobs();
}

caf::optional<uint64_t> build_queue_state::disk_limit_of(const std::string& tenant) const {
  const auto known = limits_.find(tenant);
  return known == limits_.end() ? caf::none : known->second.disk_bytes;
}

void build_queue_state::note_disk_of(const std::string& tenant, const image_built& x) {
  if (!x.disk_bytes)
    return;
  ask_path<quota_report>(
    self_, ingress_, quota_path(tenant), note_disk{*x.disk_bytes, {"", ""}},
    [](const quota_report&) {}, [](const caf::error&) {}); // the next build says it again
}

bool build_queue_state::may_build(const std::string& tenant) const {
  return limits_.contains(tenant) && !held_by_quota(tenant);
}

std::optional<scarcity> build_queue_state::held_by_quota(const std::string& tenant) const {
  const auto known = limits_.find(tenant);
  if (known == limits_.end() || !known->second.builds)
    return std::nullopt;
  const auto running = std::ranges::count_if(jobs_, [&](const auto& x) {
    return x.second.info.running && x.second.info.tenant == tenant
           && x.second.info.step == deployment_state::building;
  });
  if (running < *known->second.builds)
    return std::nullopt;
  return scarcity{bottleneck::quota, std::to_string(running) + " of " + tenant
                                       + " are built, as many at once as its quota allows."};
}

} // namespace backendim
