#pragma once

#include "protocol/access.hpp"
#include "protocol/deployment.hpp"
#include "protocol/disk.hpp"
#include "protocol/domain.hpp"
#include "protocol/durable.hpp"
#include "protocol/gateway.hpp"
#include "protocol/journal.hpp"
#include "protocol/node.hpp"
#include "protocol/one_off.hpp"
#include "protocol/reconcile.hpp"
#include "protocol/release.hpp"
#include "protocol/secret.hpp"

#include <caf/optional.hpp>
#include <caf/timestamp.hpp>
#include <caf/typed_actor.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace backendim {

struct app_maintenance {
  static constexpr std::string_view summary = "A page is shown instead of an app.";
  static constexpr field_doc docs[] = {{"message", "What it says; empty: the usual words."}};
  std::string message;
  std::string who;
  caf::timestamp since;
  friend bool operator==(const app_maintenance&, const app_maintenance&) = default;
};
BOOST_DESCRIBE_STRUCT(app_maintenance, (), (message, who, since))

struct app_info {
  static constexpr std::string_view summary = "An app: what serves and what is under way.";
  static constexpr field_doc docs[] = {
    {"url", "Where it answers."},
    {"live", "The release that serves; absent: none yet."},
    {"replicas", "How many tasks of it should run; 0 while the app is stopped."},
    {"stopped", "Whether somebody stopped the app."},
    {"deploying", "Id of the deployment under way."},
    {"queued", "Id of the deployment that waits for it."},
    {"latest", "Id of the newest deployment, whatever became of it."},
    {"maintenance", "Absent: requests reach the app."},
    {"domains", "Those that serve it besides the URL's; absent: none."},
  };
  std::string tenant;
  std::string app;
  std::string url;
  caf::optional<release> live;
  uint32_t replicas = 0;
  bool stopped = false;
  caf::optional<std::string> deploying;
  caf::optional<std::string> queued;
  caf::optional<std::string> latest;
  caf::timestamp created;
  caf::optional<app_maintenance> maintenance{};
  caf::optional<std::vector<std::string>> domains{};
  friend bool operator==(const app_info&, const app_info&) = default;
};
BOOST_DESCRIBE_STRUCT(app_info, (),
                      (tenant, app, url, live, replicas, stopped, deploying, queued, latest,
                       created, maintenance, domains))

struct get_app {
  static constexpr std::string_view summary = "Asks what an app is doing.";
  static constexpr permission needs = permission::read;
  friend bool operator==(const get_app&, const get_app&) = default;
};
BOOST_DESCRIBE_STRUCT(get_app, (), ())

struct start_deployment {
  static constexpr std::string_view summary = "Deploys a source to the app; makes the app if new.";
  static constexpr permission needs = permission::deploy;
  static constexpr field_doc docs[]
    = {{"config", "Overrides single keys of the source's backend-im.yml."}};
  source_ref source;
  caf::optional<app_config> config;
  request_meta meta;
  friend bool operator==(const start_deployment&, const start_deployment&) = default;
};
BOOST_DESCRIBE_STRUCT(start_deployment, (), (source, config, meta))

struct destroy_app {
  static constexpr std::string_view summary = "Stops an app and forgets its releases.";
  static constexpr permission needs = permission::manage;
  request_meta meta;
  friend bool operator==(const destroy_app&, const destroy_app&) = default;
};
BOOST_DESCRIBE_STRUCT(destroy_app, (), (meta))

struct rollback_app {
  static constexpr std::string_view summary
    = "Deploys an earlier release once more: its image and its settings, as a new release.";
  static constexpr permission needs = permission::deploy;
  static constexpr field_doc docs[]
    = {{"to", "Its number; absent: the newest before the live one that was not taken back."}};
  caf::optional<uint32_t> to;
  request_meta meta;
  friend bool operator==(const rollback_app&, const rollback_app&) = default;
};
BOOST_DESCRIBE_STRUCT(rollback_app, (), (to, meta))

struct redeploy_app {
  static constexpr std::string_view summary
    = "Deploys the live release once more, with new tasks; nothing is built.";
  static constexpr permission needs = permission::deploy;
  request_meta meta;
  friend bool operator==(const redeploy_app&, const redeploy_app&) = default;
};
BOOST_DESCRIBE_STRUCT(redeploy_app, (), (meta))

struct scale_app {
  static constexpr std::string_view summary = "Sets how many tasks of an app run, from now on.";
  static constexpr permission needs = permission::deploy;
  static constexpr field_doc docs[]
    = {{"replicas", "1 to 20; absent: what scaling.min of its releases says."}};
  caf::optional<uint32_t> replicas;
  request_meta meta;
  friend bool operator==(const scale_app&, const scale_app&) = default;
};
BOOST_DESCRIBE_STRUCT(scale_app, (), (replicas, meta))

struct stop_app {
  static constexpr std::string_view summary
    = "Ends an app's tasks; its host shows a page until the app is started or deployed.";
  static constexpr permission needs = permission::deploy;
  request_meta meta;
  friend bool operator==(const stop_app&, const stop_app&) = default;
};
BOOST_DESCRIBE_STRUCT(stop_app, (), (meta))

struct start_app {
  static constexpr std::string_view summary = "Runs an app again that was stopped.";
  static constexpr permission needs = permission::deploy;
  request_meta meta;
  friend bool operator==(const start_app&, const start_app&) = default;
};
BOOST_DESCRIBE_STRUCT(start_app, (), (meta))

struct set_maintenance {
  static constexpr std::string_view summary
    = "Shows a page instead of an app, which runs on, or ends that.";
  static constexpr permission needs = permission::deploy;
  static constexpr field_doc docs[]
    = {{"message", "What the page says, at most 1,000 bytes; absent: the usual words."}};
  bool on = false;
  caf::optional<std::string> message;
  request_meta meta;
  friend bool operator==(const set_maintenance&, const set_maintenance&) = default;
};
BOOST_DESCRIBE_STRUCT(set_maintenance, (), (on, message, meta))

struct get_app_tasks {
  static constexpr std::string_view summary = "Asks for the tasks of an app's live release.";
  static constexpr permission needs = permission::read;
  friend bool operator==(const get_app_tasks&, const get_app_tasks&) = default;
};
BOOST_DESCRIBE_STRUCT(get_app_tasks, (), ())

struct app_tasks {
  static constexpr std::string_view summary = "The tasks of an app's live release, newest first.";
  static constexpr field_doc docs[] = {
    {"ready", "Addresses of those that get requests."},
    {"one_offs", "Commands that run once, newest first: those that have not ended, shown as "
                 "running, and those that ended lately."},
  };
  std::string tenant;
  std::string app;
  std::string service;
  std::vector<task> tasks;
  std::vector<std::string> ready;
  std::vector<one_off_info> one_offs;
  friend bool operator==(const app_tasks&, const app_tasks&) = default;
};
BOOST_DESCRIBE_STRUCT(app_tasks, (), (tenant, app, service, tasks, ready, one_offs))

struct activate_release {
  static constexpr std::string_view summary
    = "A release is ready: its app puts it on its route. Sent by the rollout.";
  static constexpr field_doc docs[] = {{"deployment", "The id of the one that makes it."}};
  std::string deployment;
  release made;
  request_meta meta;
  friend bool operator==(const activate_release&, const activate_release&) = default;
};
BOOST_DESCRIBE_STRUCT(activate_release, (), (deployment, made, meta))

struct share_requests {
  static constexpr std::string_view summary
    = "Gives the release that a deployment makes a share of its app's requests, and tells what "
      "became of them. Sent by the deployment.";
  static constexpr field_doc docs[] = {
    {"deployment", "Its id."},
    {"weight", "The share, in hundredths of a percent; 0: it gets none any more."},
  };
  std::string deployment;
  await_release service;
  uint32_t weight = 0;
  friend bool operator==(const share_requests&, const share_requests&) = default;
};
BOOST_DESCRIBE_STRUCT(share_requests, (), (deployment, service, weight))

/// The deployment tells its app how it ended.
struct conclude_deployment {
  static constexpr std::string_view summary = "A deployment ended. Sent by the deployment.";
  static constexpr field_doc docs[] = {
    {"made", "The release that serves now, if it succeeded."},
    {"error", "Why it failed, if it failed."},
  };
  std::string id;
  deployment_state state = deployment_state::failed;
  caf::optional<release> made;
  caf::optional<failure> error;
  request_meta meta;
  friend bool operator==(const conclude_deployment&, const conclude_deployment&) = default;
};
BOOST_DESCRIBE_STRUCT(conclude_deployment, (), (id, state, made, error, meta))

/// The app tells itself that an old release's tasks are gone.
struct conclude_retirement {
  static constexpr std::string_view summary = "Nothing of a release runs any more.";
  uint32_t number = 0;
  request_meta meta;
  friend bool operator==(const conclude_retirement&, const conclude_retirement&) = default;
};
BOOST_DESCRIBE_STRUCT(conclude_retirement, (), (number, meta))

/// The app tells itself that the live release was watched for long enough.
struct end_watch {
  static constexpr std::string_view summary = "A release went on serving while it was watched.";
  uint32_t number = 0;
  request_meta meta;
  friend bool operator==(const end_watch&, const end_watch&) = default;
};
BOOST_DESCRIBE_STRUCT(end_watch, (), (number, meta))

/// The app tells itself that the live release failed while it was watched.
struct revert_release {
  static constexpr std::string_view summary
    = "A release failed while it was watched; the one before it serves again.";
  uint32_t number = 0;
  failure error;
  request_meta meta;
  friend bool operator==(const revert_release&, const revert_release&) = default;
};
BOOST_DESCRIBE_STRUCT(revert_release, (), (number, error, meta))

struct app_removed {
  static constexpr std::string_view summary
    = "The app is destroyed: it serves no longer, and what still runs of it is being stopped.";
  std::string tenant;
  std::string app;
  friend bool operator==(const app_removed&, const app_removed&) = default;
};
BOOST_DESCRIBE_STRUCT(app_removed, (), (tenant, app))

// -- events ---------------------------------------------------------------------------------------

struct app_created {
  static constexpr std::string_view summary = "Event: the app exists.";
  std::string tenant;
  std::string app;
  std::string url;
  caf::timestamp at;
  friend bool operator==(const app_created&, const app_created&) = default;
};
BOOST_DESCRIBE_STRUCT(app_created, (), (tenant, app, url, at))

struct deployment_accepted {
  static constexpr std::string_view summary = "Event: the app took a deployment.";
  static constexpr field_doc docs[] = {
    {"request_id", "The request that asked for it."},
    {"queued", "Another one was under way."},
    {"fresh_secrets", "An earlier release is run once more, with the secrets of now."},
    {"fingerprint", "Of the request's content: the same request id with other content clashes."},
  };
  std::string id;
  uint32_t release = 0;
  source_ref source;
  app_config config;
  std::string request_id;
  std::string fingerprint;
  std::string who;
  bool queued = false;
  bool fresh_secrets = false;
  caf::timestamp at;
  friend bool operator==(const deployment_accepted&, const deployment_accepted&) = default;
};
BOOST_DESCRIBE_STRUCT(deployment_accepted, (),
                      (id, release, source, config, request_id, fingerprint, who, queued,
                       fresh_secrets, at))

struct deployment_concluded {
  static constexpr std::string_view summary = "Event: a deployment of the app ended.";
  std::string id;
  deployment_state state = deployment_state::failed;
  caf::optional<release> made;
  caf::optional<failure> error;
  friend bool operator==(const deployment_concluded&, const deployment_concluded&) = default;
};
BOOST_DESCRIBE_STRUCT(deployment_concluded, (), (id, state, made, error))

struct release_activated {
  static constexpr std::string_view summary
    = "Event: a release is on the app's route while its deployment still stands open.";
  std::string deployment;
  release made;
  caf::timestamp at;
  friend bool operator==(const release_activated&, const release_activated&) = default;
};
BOOST_DESCRIBE_STRUCT(release_activated, (), (deployment, made, at))

struct release_retired {
  static constexpr std::string_view summary = "Event: nothing of a release runs any more.";
  uint32_t number = 0;
  friend bool operator==(const release_retired&, const release_retired&) = default;
};
BOOST_DESCRIBE_STRUCT(release_retired, (), (number))

struct release_proven {
  static constexpr std::string_view summary
    = "Event: the live release was watched for long enough; the one before it may go.";
  uint32_t number = 0;
  friend bool operator==(const release_proven&, const release_proven&) = default;
};
BOOST_DESCRIBE_STRUCT(release_proven, (), (number))

struct release_reverted {
  static constexpr std::string_view summary
    = "Event: the live release failed while it was watched; the one before it serves again.";
  uint32_t number = 0;
  failure error;
  caf::timestamp at;
  friend bool operator==(const release_reverted&, const release_reverted&) = default;
};
BOOST_DESCRIBE_STRUCT(release_reverted, (), (number, error, at))

struct app_scaled {
  static constexpr std::string_view summary = "Event: how many tasks an app should have.";
  static constexpr field_doc docs[] = {{"replicas", "Absent: what its releases say."}};
  caf::optional<uint32_t> replicas;
  std::string request_id;
  std::string fingerprint;
  std::string who;
  caf::timestamp at;
  friend bool operator==(const app_scaled&, const app_scaled&) = default;
};
BOOST_DESCRIBE_STRUCT(app_scaled, (), (replicas, request_id, fingerprint, who, at))

struct app_stopped {
  static constexpr std::string_view summary = "Event: the app was stopped.";
  std::string request_id;
  std::string fingerprint;
  std::string who;
  caf::timestamp at;
  friend bool operator==(const app_stopped&, const app_stopped&) = default;
};
BOOST_DESCRIBE_STRUCT(app_stopped, (), (request_id, fingerprint, who, at))

struct app_started {
  static constexpr std::string_view summary = "Event: the app was started again.";
  std::string request_id;
  std::string fingerprint;
  std::string who;
  caf::timestamp at;
  friend bool operator==(const app_started&, const app_started&) = default;
};
BOOST_DESCRIBE_STRUCT(app_started, (), (request_id, fingerprint, who, at))

struct maintenance_changed {
  static constexpr std::string_view summary
    = "Event: a page is shown instead of the app, or no longer.";
  bool on = false;
  caf::optional<std::string> message;
  std::string request_id;
  std::string fingerprint;
  std::string who;
  caf::timestamp at;
  friend bool operator==(const maintenance_changed&, const maintenance_changed&) = default;
};
BOOST_DESCRIBE_STRUCT(maintenance_changed, (), (on, message, request_id, fingerprint, who, at))

struct app_destroyed {
  static constexpr std::string_view summary = "Event: the app was destroyed.";
  std::string request_id;
  caf::timestamp at;
  friend bool operator==(const app_destroyed&, const app_destroyed&) = default;
};
BOOST_DESCRIBE_STRUCT(app_destroyed, (), (request_id, at))

/// One app, at app/<tenant>/<name>. Commands fail with invalid_request, not_found, conflict,
/// unavailable or timed_out; repeating one with the same request id is safe.
using app_actor = caf::typed_actor<
  caf::replies_to<get_app>::with<app_info>,
  caf::replies_to<start_deployment>::with<deployment_info>,
  caf::replies_to<destroy_app>::with<app_removed>,
  caf::replies_to<get_changes>::with<stream_position>,
  caf::replies_to<activate_release>::with<route_set>,
  caf::replies_to<share_requests>::with<split_counted>,
  caf::replies_to<conclude_deployment>::with<app_info>,
  caf::replies_to<conclude_retirement>::with<app_info>,
  caf::replies_to<compare_services>::with<differences>,
  caf::replies_to<mend_services>::with<differences>,
  caf::replies_to<get_releases>::with<release_list>,
  caf::replies_to<compare_releases>::with<release_difference>,
  caf::replies_to<rollback_app>::with<deployment_info>,
  caf::replies_to<redeploy_app>::with<deployment_info>, caf::replies_to<scale_app>::with<app_info>,
  caf::replies_to<stop_app>::with<app_info>, caf::replies_to<start_app>::with<app_info>,
  caf::replies_to<get_app_tasks>::with<app_tasks>, caf::replies_to<end_watch>::with<app_info>,
  caf::replies_to<revert_release>::with<app_info>, caf::replies_to<get_retained>::with<retained>,
  caf::replies_to<get_secrets>::with<secret_list>,
  caf::replies_to<change_secrets>::with<secret_list>,
  caf::replies_to<get_sealed_secrets>::with<sealed_secrets>,
  caf::replies_to<replace_seals>::with<secret_list>,
  caf::replies_to<set_maintenance>::with<app_info>,
  caf::replies_to<start_one_off>::with<one_off_info>,
  caf::replies_to<conclude_one_off>::with<app_info>,
  caf::replies_to<get_domains>::with<domain_list>, caf::replies_to<add_domain>::with<domain_info>,
  caf::replies_to<verify_domain>::with<domain_report>,
  caf::replies_to<remove_domain>::with<domain_list>, caf::replies_to<note_domains>::with<app_info>,
  caf::replies_to<note_host>::with<app_info>>;

} // namespace backendim
