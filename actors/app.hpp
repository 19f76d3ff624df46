#pragma once

#include "actors/app_secrets.hpp"
#include "actors/durable.hpp"
#include "protocol/app.hpp"
#include "protocol/app_name.hpp"
#include "protocol/boxed.hpp"
#include "protocol/directory.hpp"
#include "protocol/gateway.hpp"
#include "protocol/node.hpp"

#include <caf/expected.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace backendim {

/// What became of a request that changed something, so that its repeat gets the same answer.
struct kept_request {
  std::string fingerprint; ///< Of its content; empty: it destroyed the app.
  std::string deployment;  ///< Or one-off task that it made; empty: it did something else.
  uint32_t release = 0;
  std::string who;
  caf::timestamp at;
};
BOOST_DESCRIBE_STRUCT(kept_request, (), (fingerprint, deployment, release, who, at))

/// What one app remembers.
struct app_state {
  std::string tenant;
  std::string app;
  std::string host;        ///< Of the platform, its own; empty: it was not told yet.
  std::string former_host; ///< Of the app of this name that was destroyed last.
  std::string url;
  caf::timestamp created;
  bool exists = false;
  uint32_t last_number = 0;                        ///< Of a release, made or only tried.
  std::map<std::string, deployment_accepted> open; ///< By id; those that have not ended.
  std::map<std::string, std::string> superseded;   ///< Queued ones that a newer replaced: id, by.
  std::set<std::string> doomed; ///< Open ones of an app of this name that was destroyed.
  std::optional<std::string> deploying;
  std::optional<std::string> queued;
  std::optional<std::string> latest;
  boxed<release> live;
  boxed<release> standby; ///< Runs on while the live one is watched, or not concluded.
  std::optional<std::string> activated; ///< Made the live one, and has not ended.
  bool was_stopped = false;             ///< The app, before that.
  std::vector<release> releases;        ///< The last kept_releases that went live, oldest first.
  std::optional<uint32_t> scaled;       ///< Replicas that somebody asked for.
  bool stopped = false;
  boxed<app_maintenance> maintenance; ///< A page is shown instead.
  boxed<failure> last_failure;
  std::set<uint32_t> retiring;                      ///< Releases whose tasks have to go.
  std::map<std::string, kept_request> requests;     ///< By request id; those of requests_kept_for.
  std::map<std::string, kept_secret> secrets;       ///< By name.
  std::map<std::string, one_off_accepted> one_offs; ///< By id; those that have not ended.
  std::vector<one_off_info> ended_one_offs; ///< The last kept_one_offs of the others, oldest first.
  std::vector<std::string> domains;         ///< That serve it, as the domains told.
};
BOOST_DESCRIBE_STRUCT(app_state, (),
                      (tenant, app, host, former_host, url, created, exists, last_number, open,
                       superseded, doomed, deploying, queued, latest, live, standby, activated,
                       was_stopped, releases, scaled, stopped, maintenance, last_failure, retiring,
                       requests, secrets, one_offs, ended_one_offs, domains))

constexpr size_t kept_releases = 10;
constexpr std::chrono::hours requests_kept_for{24};
constexpr size_t max_requests = 1'000; ///< The oldest goes before its time then.
constexpr size_t max_one_offs = 5;     ///< At once.
constexpr size_t kept_one_offs = 20;   ///< And their output.

using app_event
  = std::variant<app_created, deployment_accepted, release_activated, deployment_concluded,
                 release_retired, app_destroyed, release_proven, release_reverted, app_scaled,
                 app_stopped, app_started, secrets_changed, seals_replaced, maintenance_changed,
                 one_off_accepted, one_off_concluded, domains_noted, host_noted>;

caf::expected<std::vector<app_event>> decide(const app_state& s, const start_deployment& x,
                                             const moment& m);
caf::expected<std::vector<app_event>> decide(const app_state& s, const destroy_app& x,
                                             const moment& m);
caf::expected<std::vector<app_event>> decide(const app_state& s, const activate_release& x,
                                             const moment& m);
caf::expected<std::vector<app_event>> decide(const app_state& s, const conclude_deployment& x,
                                             const moment& m);
caf::expected<std::vector<app_event>> decide(const app_state& s, const conclude_retirement& x,
                                             const moment& m);
caf::expected<std::vector<app_event>> decide(const app_state& s, const rollback_app& x,
                                             const moment& m);
caf::expected<std::vector<app_event>> decide(const app_state& s, const redeploy_app& x,
                                             const moment& m);
caf::expected<std::vector<app_event>> decide(const app_state& s, const scale_app& x,
                                             const moment& m);
caf::expected<std::vector<app_event>> decide(const app_state& s, const stop_app& x,
                                             const moment& m);
caf::expected<std::vector<app_event>> decide(const app_state& s, const start_app& x,
                                             const moment& m);
caf::expected<std::vector<app_event>> decide(const app_state& s, const set_maintenance& x,
                                             const moment& m);
caf::expected<std::vector<app_event>> decide(const app_state& s, const end_watch& x,
                                             const moment& m);
caf::expected<std::vector<app_event>> decide(const app_state& s, const revert_release& x,
                                             const moment& m);
caf::expected<std::vector<app_event>> decide(const app_state& s, const note_domains& x,
                                             const moment& m);
caf::expected<std::vector<app_event>> decide(const app_state& s, const note_host& x,
                                             const moment& m);
void apply(app_state& s, const domains_noted& x);
void apply(app_state& s, const host_noted& x);
void apply(app_state& s, const app_created& x);
void apply(app_state& s, const release_retired& x);
void apply(app_state& s, const deployment_accepted& x);
void apply(app_state& s, const release_activated& x);
void apply(app_state& s, const deployment_concluded& x);
void apply(app_state& s, const app_destroyed& x);
void apply(app_state& s, const release_proven& x);
void apply(app_state& s, const release_reverted& x);
void apply(app_state& s, const app_scaled& x);
void apply(app_state& s, const app_stopped& x);
void apply(app_state& s, const app_started& x);
void apply(app_state& s, const maintenance_changed& x);
caf::expected<deployment_info> answer(const app_state& s, const start_deployment& x);
caf::expected<deployment_info> answer(const app_state& s, const rollback_app& x);
caf::expected<deployment_info> answer(const app_state& s, const redeploy_app& x);
caf::expected<app_removed> answer(const app_state& s, const destroy_app& x);
caf::expected<app_info> answer(const app_state& s, const get_app& x);
template <class Command>
caf::expected<app_info> answer(const app_state& s, const Command&) {
  return answer(s, get_app{});
}
caf::expected<release_list> answer(const app_state& s, const get_releases& x);
caf::expected<release_difference> answer(const app_state& s, const compare_releases& x);
caf::expected<differences> answer(const app_state& s, const compare_services& x);
caf::expected<retained> answer(const app_state& s, const get_retained& x);
bool has_ended(const app_state& s);

// app_secrets.cpp
caf::expected<std::vector<app_event>> decide(const app_state& s, const change_secrets& x,
                                             const moment& m);
caf::expected<std::vector<app_event>> decide(const app_state& s, const replace_seals& x,
                                             const moment& m);
void apply(app_state& s, const secrets_changed& x);
void apply(app_state& s, const seals_replaced& x);
caf::expected<secret_list> answer(const app_state& s, const get_secrets& x);
caf::expected<secret_list> answer(const app_state& s, const change_secrets& x);
caf::expected<secret_list> answer(const app_state& s, const replace_seals& x);
caf::expected<sealed_secrets> answer(const app_state& s, const get_sealed_secrets& x);

// app_one_offs.cpp
caf::expected<std::vector<app_event>> decide(const app_state& s, const start_one_off& x,
                                             const moment& m);
caf::expected<std::vector<app_event>> decide(const app_state& s, const conclude_one_off& x,
                                             const moment& m);
void apply(app_state& s, const one_off_accepted& x);
void apply(app_state& s, const one_off_concluded& x);
caf::expected<one_off_info> answer(const app_state& s, const start_one_off& x);

/// Those that run, shown as running, and those that ended lately; newest first.
std::vector<one_off_info> one_offs_of(const app_state& s);

/// Whether *service* is that of a one-off task which has not ended.
bool runs_one_off(const app_state& s, const std::string& service);

/// Whether a deployment was accepted for this request before; then a repeat gets the same answer.
bool knows_request(const app_state& s, const std::string& request_id);

struct app_entity {
  using interface = app_actor;
  using state = app_state;
  using event = app_event;
  static constexpr const char* name = "app";
  static constexpr uint32_t snapshot = 4;
};

/// Why the deployment *id* may not change what serves: it is not the one under way, or has ended.
caf::error check_turn(const app_state& s, const std::string& id);

/// What is wrong with a source, if anything.
caf::error check_source(const app_state& s, const source_ref& x);

/// The events of a deployment that is taken, and how the request that asked for it is answered.
std::vector<app_event> accept(const app_state& s, const start_deployment& x,
                              std::string fingerprint, const moment& m);
caf::expected<deployment_info> deployment_of(const app_state& s, const std::string& request_id);

/// A release of the app that is kept; null: there is none.
const release* find_release(const app_state& s, uint32_t number);

/// What *request_id* did; null: it was not asked before.
const kept_request* made_by(const app_state& s, const std::string& request_id);

/// None: the request was asked before, just so; conflict: with other content; not_found: never.
caf::error compare_request(const app_state& s, const std::string& request_id,
                           const std::string& fingerprint);

/// Remembers what a request did.
void keep_request(app_state& s, const std::string& request_id, kept_request x);

/// How many tasks of the live release should run.
uint32_t wanted_replicas(const app_state& s);

/// The same once *x* has been done, as far as that is known before.
uint32_t tasks_after(const app_state& s, const start_deployment& x);
uint32_t tasks_after(const app_state& s, const scale_app& x);
uint32_t tasks_after(const app_state& s, const start_app& x);
uint32_t tasks_after(const app_state& s, const change_secrets& x);

} // namespace backendim

BACKENDIM_KEPT_EVENTS(extern, backendim::app_event);
BACKENDIM_KEPT_STATE(extern, backendim::app_entity);
