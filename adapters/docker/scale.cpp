#include "adapters/docker/scale.hpp"

#include "adapters/docker/fields.hpp"
#include "adapters/docker/service.hpp"
#include "adapters/http/client.hpp"
#include "protocol/error.hpp"

#include <chrono>
#include <thread>
#include <utility>

namespace backendim::docker {

namespace json = boost::json;

namespace {

/// How often a change is tried again when somebody else changed the service in between.
constexpr int update_attempts = 8;

/// How often it is looked whether Swarm ends tasks that are no more wanted, after how many looks it
/// is told again, and for how long. It takes some milliseconds where it does.
constexpr auto surplus_pause = std::chrono::milliseconds{50};
constexpr int looks_until_again = 6;
constexpr auto surplus_limit = std::chrono::seconds{10};

/// *again*: also when it has so many, which makes Swarm look at its tasks once more.
caf::expected<caf::unit_t> set_replicas(api& engine, const std::string& platform_id,
                                        const std::string& name, uint32_t replicas, bool again) {
  caf::error last;
  for (int i = 0; i < update_attempts; ++i) {
    auto x = find_service(engine, platform_id, name);
    if (!x)
      return std::move(x.error());
    auto spec = x->at("Spec");
    if (!again && number(spec, "/Mode/Replicated/Replicas") == replicas)
      return caf::unit;
    spec.at_pointer("/Mode/Replicated/Replicas") = replicas;
    auto updated = engine.post("/services/" + text(*x, "/ID") + "/update?version="
                                 + std::to_string(number(*x, "/Version/Index")),
                               spec);
    if (!updated)
      return std::move(updated.error());
    if (updated->ok())
      return caf::unit;
    last = refusal(*updated, "service " + name);
    // Swarm says so with status 500, in these words.
    if (updated->message.find("update out of sequence") == std::string::npos)
      break;
  }
  return last;
}

/// Swarm forgets to end a task that was changed in the same moment (dockerd 20.10 logs "failed to
/// update task to REMOVE" and "update out of sequence"): it would run for ever, with fewer
/// replicas wanted than there are. Another update has Swarm try again. It tells of no change of a
/// task's desired state, so this looks.
caf::expected<caf::unit_t> end_surplus(api& engine, const std::string& platform_id,
                                       const std::string& name, uint32_t replicas) {
  const auto until = std::chrono::steady_clock::now() + surplus_limit;
  for (int looks = 1;; ++looks) {
    auto got
      = engine.get("/tasks?" + filter_query({{"service", {name}}, {"desired-state", {"running"}}}));
    if (!got)
      return std::move(got.error());
    if (got->status == 404 || (got->ok() && list(got->body, "").size() <= replicas))
      return caf::unit;
    if (!got->ok())
      return refusal(*got, "tasks of " + name);
    if (std::chrono::steady_clock::now() > until)
      return caf::make_error(ec::unavailable, "Swarm does not end the surplus tasks of " + name);
    std::this_thread::sleep_for(surplus_pause);
    if (looks % looks_until_again == 0)
      if (auto set = set_replicas(engine, platform_id, name, replicas, true); !set)
        return set;
  }
}

} // namespace

caf::expected<json::value> find_service(api& engine, const std::string& platform_id,
                                        const std::string& name) {
  auto got = engine.get("/services/" + http::percent_encode(name));
  if (!got)
    return std::move(got.error());
  if (got->ok() && text(got->body, "/Spec/Name") == name // the engine takes prefixes of IDs too
      && member(members(got->body, "/Spec/Labels"), label::platform) == platform_id)
    return std::move(got->body);
  if (got->ok() || got->status == 404)
    return caf::make_error(ec::not_found, "no service " + name);
  return refusal(*got, "service " + name);
}

caf::expected<caf::unit_t> scale_service(api& engine, const std::string& platform_id,
                                         const std::string& name, uint32_t replicas) {
  if (auto set = set_replicas(engine, platform_id, name, replicas, false); !set)
    return set;
  return end_surplus(engine, platform_id, name, replicas);
}

} // namespace backendim::docker
