#pragma once

#include "protocol/access.hpp"
#include "protocol/app_config.hpp"
#include "protocol/durable.hpp"
#include "protocol/error.hpp"
#include "protocol/journal.hpp"

#include <caf/optional.hpp>
#include <caf/timestamp.hpp>
#include <caf/typed_actor.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace backendim {

/// Where a deployment stands. The last five are final.
enum class deployment_state : uint8_t {
  queued = 1,
  fetching,
  building,
  pushing,
  releasing,
  verifying,
  succeeded,
  failed,
  cancelled,
  superseded,
  rolled_back,
};
BOOST_DESCRIBE_ENUM(deployment_state, queued, fetching, building, pushing, releasing, verifying,
                    succeeded, failed, cancelled, superseded, rolled_back)

constexpr bool is_final(deployment_state x) {
  return x >= deployment_state::succeeded;
}

struct source_ref {
  static constexpr std::string_view summary = "Where the source is: an uploaded archive or git.";
  static constexpr field_doc docs[] = {
    {"blob", "sha256:<hex> of an archive (tar.zst) sent to POST /v1/blobs."},
    {"git", "URL of a repository to clone instead; https, ssh or file."},
    {"ref", "Branch, tag or commit of the repository; absent: its default branch."},
  };
  caf::optional<std::string> blob;
  caf::optional<std::string> git;
  caf::optional<std::string> ref;
  friend bool operator==(const source_ref&, const source_ref&) = default;
};
BOOST_DESCRIBE_STRUCT(source_ref, (), (blob, git, ref))

struct step_record {
  static constexpr std::string_view summary = "One step of a deployment: when it ran.";
  static constexpr field_doc docs[] = {{"ended", "Absent while the step is under way."}};
  deployment_state step = deployment_state::queued;
  caf::timestamp began;
  caf::optional<caf::timestamp> ended;
  friend bool operator==(const step_record&, const step_record&) = default;
};
BOOST_DESCRIBE_STRUCT(step_record, (), (step, began, ended))

struct deployment_info {
  static constexpr std::string_view summary = "A deployment: where it stands and how it got there.";
  static constexpr field_doc docs[] = {
    {"id", "ULID; the deployment's path is deployment/<id>."},
    {"app", "The app's name."},
    {"release", "Number of the release it makes, v<release>; 0 until it is known."},
    {"url", "Where the app answers once it has succeeded."},
    {"image", "The image by digest, once pushed."},
    {"plan", "What was detected, once the source was fetched."},
    {"error", "Present when the state is failed."},
    {"who", "The user who asked for it."},
  };
  std::string id;
  std::string tenant;
  std::string app;
  deployment_state state = deployment_state::queued;
  uint32_t release = 0;
  std::string url;
  caf::optional<std::string> image;
  caf::optional<build_plan> plan;
  caf::optional<failure> error;
  std::vector<step_record> steps;
  std::string who;
  caf::timestamp created;
  friend bool operator==(const deployment_info&, const deployment_info&) = default;
};
BOOST_DESCRIBE_STRUCT(deployment_info, (),
                      (id, tenant, app, state, release, url, image, plan, error, steps, who,
                       created))

struct get_deployment {
  static constexpr std::string_view summary = "Asks where a deployment stands.";
  static constexpr permission needs = permission::read;
  friend bool operator==(const get_deployment&, const get_deployment&) = default;
};
BOOST_DESCRIBE_STRUCT(get_deployment, (), ())

struct cancel_deployment {
  static constexpr std::string_view summary = "Ends a deployment that has not ended yet.";
  static constexpr permission needs = permission::deploy;
  request_meta meta;
  friend bool operator==(const cancel_deployment&, const cancel_deployment&) = default;
};
BOOST_DESCRIBE_STRUCT(cancel_deployment, (), (meta))

// -- between the app, the deployment and its steps ------------------------------------------------

struct create_deployment {
  static constexpr std::string_view summary
    = "Gives a deployment its task; it waits for begin_deployment. Sent by its app.";
  std::string id;
  std::string tenant;
  std::string app;
  uint32_t release = 0;
  source_ref source;
  app_config config;
  std::string url;
  request_meta meta;
  friend bool operator==(const create_deployment&, const create_deployment&) = default;
};
BOOST_DESCRIBE_STRUCT(create_deployment, (), (id, tenant, app, release, source, config, url, meta))

struct begin_deployment {
  static constexpr std::string_view summary = "It is this deployment's turn. Sent by its app.";
  request_meta meta;
  friend bool operator==(const begin_deployment&, const begin_deployment&) = default;
};
BOOST_DESCRIBE_STRUCT(begin_deployment, (), (meta))

struct supersede_deployment {
  static constexpr std::string_view summary = "A newer deployment of the app replaces this one.";
  static constexpr field_doc docs[] = {{"by", "The newer deployment's id."}};
  std::string by;
  request_meta meta;
  friend bool operator==(const supersede_deployment&, const supersede_deployment&) = default;
};
BOOST_DESCRIBE_STRUCT(supersede_deployment, (), (by, meta))

/// What a step did, as the deployment tells itself. Exactly the fields of that step are set.
struct complete_step {
  static constexpr std::string_view summary = "A step of a deployment ended.";
  static constexpr field_doc docs[] = {
    {"step", "The step that ended."},
    {"error", "Why it failed; absent: it did what it should."},
    {"plan", "Of fetching."},
    {"config", "Of fetching: backend-im.yml with what the caller overrode."},
    {"image", "Of pushing: the reference by digest."},
  };
  deployment_state step = deployment_state::queued;
  caf::optional<failure> error;
  caf::optional<build_plan> plan;
  caf::optional<app_config> config;
  caf::optional<std::string> image;
  request_meta meta;
  friend bool operator==(const complete_step&, const complete_step&) = default;
};
BOOST_DESCRIBE_STRUCT(complete_step, (), (step, error, plan, config, image, meta))

// -- events ---------------------------------------------------------------------------------------

struct deployment_created {
  static constexpr std::string_view summary = "Event: a deployment was accepted.";
  std::string id;
  std::string tenant;
  std::string app;
  uint32_t release = 0;
  source_ref source;
  app_config config;
  std::string url;
  std::string who;
  caf::timestamp at;
  friend bool operator==(const deployment_created&, const deployment_created&) = default;
};
BOOST_DESCRIBE_STRUCT(deployment_created, (),
                      (id, tenant, app, release, source, config, url, who, at))

struct step_began {
  static constexpr std::string_view summary = "Event: a deployment entered a step.";
  deployment_state step = deployment_state::queued;
  caf::timestamp at;
  friend bool operator==(const step_began&, const step_began&) = default;
};
BOOST_DESCRIBE_STRUCT(step_began, (), (step, at))

struct source_fetched {
  static constexpr std::string_view summary = "Event: the source is unpacked and understood.";
  build_plan plan;
  app_config config;
  friend bool operator==(const source_fetched&, const source_fetched&) = default;
};
BOOST_DESCRIBE_STRUCT(source_fetched, (), (plan, config))

struct image_pushed {
  static constexpr std::string_view summary = "Event: the image is in the registry.";
  std::string image;
  friend bool operator==(const image_pushed&, const image_pushed&) = default;
};
BOOST_DESCRIBE_STRUCT(image_pushed, (), (image))

struct deployment_ended {
  static constexpr std::string_view summary = "Event: a deployment reached a final state.";
  static constexpr field_doc docs[] = {{"by", "The deployment that superseded it."}};
  deployment_state state = deployment_state::failed;
  caf::optional<failure> error;
  caf::optional<std::string> by;
  caf::timestamp at;
  friend bool operator==(const deployment_ended&, const deployment_ended&) = default;
};
BOOST_DESCRIBE_STRUCT(deployment_ended, (), (state, error, by, at))

/// One deployment, at deployment/<id>. Commands fail with invalid_request, not_found, conflict,
/// unavailable or timed_out.
using deployment_actor
  = caf::typed_actor<caf::replies_to<get_deployment>::with<deployment_info>,
                     caf::replies_to<cancel_deployment>::with<deployment_info>,
                     caf::replies_to<get_changes>::with<stream_position>,
                     caf::replies_to<create_deployment>::with<deployment_info>,
                     caf::replies_to<begin_deployment>::with<deployment_info>,
                     caf::replies_to<supersede_deployment>::with<deployment_info>,
                     caf::replies_to<complete_step>::with<deployment_info>>;

} // namespace backendim
