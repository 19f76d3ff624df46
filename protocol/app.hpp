#pragma once

#include "protocol/access.hpp"
#include "protocol/deployment.hpp"
#include "protocol/durable.hpp"
#include "protocol/journal.hpp"

#include <caf/optional.hpp>
#include <caf/timestamp.hpp>
#include <caf/typed_actor.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace backendim {

struct release {
  static constexpr std::string_view summary = "One numbered image of an app with its settings.";
  static constexpr field_doc docs[] = {
    {"number", "Counts from 1 within the app; shown as v<number>."},
    {"image", "By digest."},
    {"deployment", "The id of the deployment that made it."},
  };
  uint32_t number = 0;
  std::string image;
  std::string deployment;
  app_config config;
  uint16_t port = 0;
  std::string who;
  caf::timestamp at;
  friend bool operator==(const release&, const release&) = default;
};
BOOST_DESCRIBE_STRUCT(release, (), (number, image, deployment, config, port, who, at))

struct app_info {
  static constexpr std::string_view summary = "An app: what serves and what is under way.";
  static constexpr field_doc docs[] = {
    {"url", "Where it answers."},
    {"live", "The release that serves; absent: none yet."},
    {"deploying", "Id of the deployment under way."},
    {"queued", "Id of the deployment that waits for it."},
    {"latest", "Id of the newest deployment, whatever became of it."},
  };
  std::string tenant;
  std::string app;
  std::string url;
  caf::optional<release> live;
  caf::optional<std::string> deploying;
  caf::optional<std::string> queued;
  caf::optional<std::string> latest;
  caf::timestamp created;
  friend bool operator==(const app_info&, const app_info&) = default;
};
BOOST_DESCRIBE_STRUCT(app_info, (), (tenant, app, url, live, deploying, queued, latest, created))

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
  static constexpr permission needs = permission::deploy;
  request_meta meta;
  friend bool operator==(const destroy_app&, const destroy_app&) = default;
};
BOOST_DESCRIBE_STRUCT(destroy_app, (), (meta))

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
  friend bool operator==(const deployment_accepted&, const deployment_accepted&) = default;
};
BOOST_DESCRIBE_STRUCT(deployment_accepted, (),
                      (id, release, source, config, request_id, fingerprint, who, queued))

struct deployment_concluded {
  static constexpr std::string_view summary = "Event: a deployment of the app ended.";
  std::string id;
  deployment_state state = deployment_state::failed;
  caf::optional<release> made;
  caf::optional<failure> error;
  friend bool operator==(const deployment_concluded&, const deployment_concluded&) = default;
};
BOOST_DESCRIBE_STRUCT(deployment_concluded, (), (id, state, made, error))

struct release_retired {
  static constexpr std::string_view summary = "Event: nothing of a release runs any more.";
  uint32_t number = 0;
  friend bool operator==(const release_retired&, const release_retired&) = default;
};
BOOST_DESCRIBE_STRUCT(release_retired, (), (number))

struct app_destroyed {
  static constexpr std::string_view summary = "Event: the app was destroyed.";
  std::string request_id;
  caf::timestamp at;
  friend bool operator==(const app_destroyed&, const app_destroyed&) = default;
};
BOOST_DESCRIBE_STRUCT(app_destroyed, (), (request_id, at))

/// One app, at app/<tenant>/<name>. Commands fail with invalid_request, not_found, conflict,
/// unavailable or timed_out; repeating one with the same request id is safe.
using app_actor = caf::typed_actor<caf::replies_to<get_app>::with<app_info>,
                                   caf::replies_to<start_deployment>::with<deployment_info>,
                                   caf::replies_to<destroy_app>::with<app_removed>,
                                   caf::replies_to<get_changes>::with<stream_position>,
                                   caf::replies_to<conclude_deployment>::with<app_info>,
                                   caf::replies_to<conclude_retirement>::with<app_info>>;

} // namespace backendim
