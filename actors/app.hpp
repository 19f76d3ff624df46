#pragma once

#include "actors/durable.hpp"
#include "protocol/app.hpp"
#include "protocol/directory.hpp"
#include "protocol/gateway.hpp"

#include <caf/expected.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace backendim {

/// What one app remembers.
struct app_state {
  std::string tenant;
  std::string app;
  std::string url;
  caf::timestamp created;
  bool exists = false;
  uint32_t last_number = 0;                        ///< Of a release, made or only tried.
  std::map<std::string, deployment_accepted> open; ///< By id; those that have not ended.
  std::map<std::string, std::string> superseded;   ///< Queued ones that a newer replaced: id, by.
  std::optional<std::string> deploying;
  std::optional<std::string> queued;
  std::optional<std::string> latest;
  std::optional<release> live;
  std::vector<release> releases; ///< The last kept_releases that went live, oldest first.
  std::optional<failure> last_failure;
  std::set<uint32_t> retiring;               ///< Releases whose tasks have to go.
  std::vector<deployment_accepted> requests; ///< The last kept_requests, oldest first.
  std::string destroyed_by;                  ///< Request id of the last destroy_app.
};

constexpr size_t kept_releases = 10;
constexpr size_t kept_requests = 100;

using app_event = std::variant<app_created, deployment_accepted, deployment_concluded,
                               release_retired, app_destroyed>;

caf::expected<std::vector<app_event>> decide(const app_state& s, const start_deployment& x,
                                             const moment& m);
caf::expected<std::vector<app_event>> decide(const app_state& s, const destroy_app& x,
                                             const moment& m);
caf::expected<std::vector<app_event>> decide(const app_state& s, const conclude_deployment& x,
                                             const moment& m);
caf::expected<std::vector<app_event>> decide(const app_state& s, const conclude_retirement& x,
                                             const moment& m);
void apply(app_state& s, const app_created& x);
void apply(app_state& s, const release_retired& x);
void apply(app_state& s, const deployment_accepted& x);
void apply(app_state& s, const deployment_concluded& x);
void apply(app_state& s, const app_destroyed& x);
caf::expected<deployment_info> answer(const app_state& s, const start_deployment& x);
caf::expected<app_removed> answer(const app_state& s, const destroy_app& x);
caf::expected<app_info> answer(const app_state& s, const conclude_deployment& x);
caf::expected<app_info> answer(const app_state& s, const conclude_retirement& x);
caf::expected<app_info> answer(const app_state& s, const get_app& x);
bool has_ended(const app_state& s);

struct app_entity {
  using interface = app_actor;
  using state = app_state;
  using event = app_event;
  static constexpr const char* name = "app";
};

/// The Swarm service of a release.
std::string service_name(const std::string& tenant, const std::string& app, uint32_t release);

/// Whether *x* can be the name of an app or a tenant: [a-z][a-z0-9-]{0,39}, no dash at the end.
bool is_name(const std::string& x);

} // namespace backendim
