#pragma once

#include "protocol/access.hpp"
#include "protocol/admission.hpp"
#include "protocol/app_config.hpp"
#include "protocol/durable.hpp"
#include "protocol/error.hpp"
#include "protocol/journal.hpp"
#include "protocol/release.hpp"
#include "protocol/request_count.hpp"
#include "protocol/secret.hpp"

#include <caf/optional.hpp>
#include <caf/timestamp.hpp>
#include <caf/typed_actor.hpp>

#include <chrono>
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

struct step_record {
  static constexpr std::string_view summary = "One step of a deployment: when it ran.";
  static constexpr field_doc docs[] = {
    {"ended", "Absent while the step is under way."},
    {"attempts", "How often it was begun; more than once when a part of the platform was away."},
    {"why", "Why it was begun again, the last time."},
  };
  deployment_state step = deployment_state::queued;
  caf::timestamp began;
  caf::optional<caf::timestamp> ended;
  uint32_t attempts = 1;
  caf::optional<failure> why;
  friend bool operator==(const step_record&, const step_record&) = default;
};
BOOST_DESCRIBE_STRUCT(step_record, (), (step, began, ended, attempts, why))

struct canary_info {
  static constexpr std::string_view summary
    = "How a new release does that gets some of its app's requests.";
  static constexpr field_doc docs[] = {
    {"weight", "Its share of the requests, like 10%."},
    {"stable_release", "Number of the release that gets the rest."},
    {"auto_promote", "Whether it gets all requests when its time is over."},
    {"observed", "How long its requests have been counted."},
    {"canary", "Its requests, as counted last."},
    {"stable", "The others, as counted last."},
    {"promoted", "When it was given all requests; absent: it was not."},
    {"promoted_by", "Who did that; empty: its time was over."},
  };
  std::string weight;
  uint32_t stable_release = 0;
  bool auto_promote = true;
  caf::timestamp began;
  std::chrono::seconds observed{0};
  request_count canary;
  request_count stable;
  caf::optional<caf::timestamp> promoted;
  std::string promoted_by;
  friend bool operator==(const canary_info&, const canary_info&) = default;
};
BOOST_DESCRIBE_STRUCT(canary_info, (),
                      (weight, stable_release, auto_promote, began, observed, canary, stable,
                       promoted, promoted_by))

struct deployment_info {
  static constexpr std::string_view summary = "A deployment: where it stands and how it got there.";
  static constexpr field_doc docs[] = {
    {"id", "ULID; the deployment's path is deployment/<tenant>/<id>."},
    {"app", "The app's name."},
    {"release", "Number of the release it makes, v<release>; 0 until it is known."},
    {"url", "Where the app answers once it has succeeded."},
    {"image", "The image by digest, once pushed."},
    {"plan", "What was detected, once the source was fetched."},
    {"error", "Present when the state is failed or rolled_back."},
    {"who", "The user who asked for it."},
    {"superseded_by", "Id of the newer deployment that took its place."},
    {"waiting", "Present while the step under way waits for a slot."},
    {"canary", "Present since its release gets some of the app's requests."},
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
  caf::optional<std::string> superseded_by;
  caf::optional<slot_wait> waiting;
  caf::optional<canary_info> canary;
  friend bool operator==(const deployment_info&, const deployment_info&) = default;
};
BOOST_DESCRIBE_STRUCT(deployment_info, (),
                      (id, tenant, app, state, release, url, image, plan, error, steps, who,
                       created, superseded_by, waiting, canary))

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

struct promote_deployment {
  static constexpr std::string_view summary
    = "Gives all requests to the release of a deployment that gets some of them as a canary.";
  static constexpr permission needs = permission::deploy;
  request_meta meta;
  friend bool operator==(const promote_deployment&, const promote_deployment&) = default;
};
BOOST_DESCRIBE_STRUCT(promote_deployment, (), (meta))

// -- between the app, the deployment and its steps ------------------------------------------------

struct create_deployment {
  static constexpr std::string_view summary
    = "Gives a deployment its task; it waits for begin_deployment. Sent by its app.";
  static constexpr field_doc docs[]
    = {{"copied", "The earlier release that is run once more; absent: one is built."},
       {"replicas", "How many tasks it begins with; absent: what its settings say."}};
  std::string id;
  std::string tenant;
  std::string app;
  uint32_t release = 0;
  source_ref source;
  app_config config;
  std::string url;
  caf::optional<backendim::release> copied;
  caf::optional<uint32_t> replicas;
  std::vector<sealed_secret> secrets;
  request_meta meta;
  friend bool operator==(const create_deployment&, const create_deployment&) = default;
};
BOOST_DESCRIBE_STRUCT(create_deployment, (),
                      (id, tenant, app, release, source, config, url, copied, replicas, secrets,
                       meta))

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

struct roll_back_deployment {
  static constexpr std::string_view summary
    = "What this deployment brought live failed and was taken back. Sent by its app.";
  failure error;
  request_meta meta;
  friend bool operator==(const roll_back_deployment&, const roll_back_deployment&) = default;
};
BOOST_DESCRIBE_STRUCT(roll_back_deployment, (), (error, meta))

struct begin_canary {
  static constexpr std::string_view summary
    = "A release is ready to get some requests. Sent by its rollout.";
  static constexpr field_doc docs[] = {{"stable_release", "Number of the one that serves."}};
  uint32_t stable_release = 0;
  request_meta meta;
  friend bool operator==(const begin_canary&, const begin_canary&) = default;
};
BOOST_DESCRIBE_STRUCT(begin_canary, (), (stable_release, meta))

struct judge_canary {
  static constexpr std::string_view summary = "How a canary does. Sent by its rollout.";
  static constexpr field_doc docs[] = {
    {"proven", "It gets all requests now."},
    {"error", "Why it is taken back instead."},
  };
  std::chrono::seconds observed{0};
  request_count canary;
  request_count stable;
  bool proven = false;
  caf::optional<failure> error;
  request_meta meta;
  friend bool operator==(const judge_canary&, const judge_canary&) = default;
};
BOOST_DESCRIBE_STRUCT(judge_canary, (), (observed, canary, stable, proven, error, meta))

struct retry_step {
  static constexpr std::string_view summary
    = "A step has to be tried again. Sent by the deployment to itself.";
  static constexpr field_doc docs[] = {
    {"attempt", "The attempt that came to nothing."},
    {"why", "What was missing; absent: the platform was restarted."},
  };
  deployment_state step = deployment_state::queued;
  uint32_t attempt = 1;
  caf::optional<failure> why;
  request_meta meta;
  friend bool operator==(const retry_step&, const retry_step&) = default;
};
BOOST_DESCRIBE_STRUCT(retry_step, (), (step, attempt, why, meta))

// -- events ---------------------------------------------------------------------------------------

struct deployment_created {
  static constexpr std::string_view summary = "Event: a deployment was accepted.";
  static constexpr field_doc docs[]
    = {{"copied", "The earlier release that is run once more; absent: one is built."},
       {"replicas", "How many tasks it begins with; absent: what its settings say."},
       {"secrets", "As the app, or the release that is run once more, had them then."}};
  std::string id;
  std::string tenant;
  std::string app;
  uint32_t release = 0;
  source_ref source;
  app_config config;
  std::string url;
  caf::optional<backendim::release> copied;
  caf::optional<uint32_t> replicas;
  std::vector<sealed_secret> secrets;
  std::string who;
  caf::timestamp at;
  friend bool operator==(const deployment_created&, const deployment_created&) = default;
};
BOOST_DESCRIBE_STRUCT(deployment_created, (),
                      (id, tenant, app, release, source, config, url, copied, replicas, secrets,
                       who, at))

struct step_began {
  static constexpr std::string_view summary = "Event: a deployment entered a step.";
  deployment_state step = deployment_state::queued;
  caf::timestamp at;
  friend bool operator==(const step_began&, const step_began&) = default;
};
BOOST_DESCRIBE_STRUCT(step_began, (), (step, at))

struct step_retried {
  static constexpr std::string_view summary = "Event: a step is tried again.";
  static constexpr field_doc docs[] = {
    {"attempt", "Which one begins now; the first was 1."},
    {"why", "What was missing; absent: the platform was restarted."},
  };
  deployment_state step = deployment_state::queued;
  uint32_t attempt = 1;
  caf::optional<failure> why;
  caf::timestamp at;
  friend bool operator==(const step_retried&, const step_retried&) = default;
};
BOOST_DESCRIBE_STRUCT(step_retried, (), (step, attempt, why, at))

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

struct canary_began {
  static constexpr std::string_view summary
    = "Event: the new release gets some of the app's requests.";
  uint32_t stable_release = 0;
  caf::timestamp at;
  friend bool operator==(const canary_began&, const canary_began&) = default;
};
BOOST_DESCRIBE_STRUCT(canary_began, (), (stable_release, at))

struct canary_sampled {
  static constexpr std::string_view summary = "Event: what became of the requests so far.";
  static constexpr field_doc docs[] = {
    {"observed", "How long they have been counted."},
    {"canary", "Those of the new release."},
    {"stable", "Those of the one before it."},
  };
  std::chrono::seconds observed{0};
  request_count canary;
  request_count stable;
  caf::timestamp at;
  friend bool operator==(const canary_sampled&, const canary_sampled&) = default;
};
BOOST_DESCRIBE_STRUCT(canary_sampled, (), (observed, canary, stable, at))

struct canary_promoted {
  static constexpr std::string_view summary = "Event: the new release is to get all requests.";
  static constexpr field_doc docs[] = {{"who", "Empty: its time was over."}};
  std::string who;
  caf::timestamp at;
  friend bool operator==(const canary_promoted&, const canary_promoted&) = default;
};
BOOST_DESCRIBE_STRUCT(canary_promoted, (), (who, at))

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

/// One deployment, at deployment/<tenant>/<id>. Commands fail with invalid_request, not_found,
/// conflict, unavailable or timed_out.
using deployment_actor
  = caf::typed_actor<caf::replies_to<get_deployment>::with<deployment_info>,
                     caf::replies_to<cancel_deployment>::with<deployment_info>,
                     caf::replies_to<promote_deployment>::with<deployment_info>,
                     caf::replies_to<get_changes>::with<stream_position>,
                     caf::replies_to<create_deployment>::with<deployment_info>,
                     caf::replies_to<begin_deployment>::with<deployment_info>,
                     caf::replies_to<supersede_deployment>::with<deployment_info>,
                     caf::replies_to<complete_step>::with<deployment_info>,
                     caf::replies_to<begin_canary>::with<deployment_info>,
                     caf::replies_to<judge_canary>::with<deployment_info>,
                     caf::replies_to<retry_step>::with<deployment_info>,
                     caf::replies_to<roll_back_deployment>::with<deployment_info>>;

} // namespace backendim
