#pragma once

#include "protocol/access.hpp"
#include "protocol/admission.hpp"
#include "protocol/app_config.hpp"
#include "protocol/deployment.hpp"
#include "protocol/machine.hpp"
#include "protocol/quota.hpp"
#include "protocol/secret.hpp"

#include <caf/optional.hpp>
#include <caf/timestamp.hpp>
#include <caf/typed_actor.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace backendim {

struct fetch_source {
  static constexpr std::string_view summary = "Asks for a source, unpacked and understood.";
  static constexpr field_doc docs[] = {{"config", "Overrides single keys of backend-im.yml."},
                                       {"secrets", "Whose values must not be shown."}};
  std::string id;
  std::string tenant;
  source_ref source;
  app_config config;
  sealed_secrets secrets;
  friend bool operator==(const fetch_source&, const fetch_source&) = default;
};
BOOST_DESCRIBE_STRUCT(fetch_source, (), (id, tenant, source, config, secrets))

struct build_image {
  static constexpr std::string_view summary = "Asks for an image of a fetched source.";
  static constexpr field_doc docs[]
    = {{"secrets", "Whose values must not be shown; the plan says which the build may read."},
       {"disk_limit", "What the tenant's builds may keep in bytes; the queue adds it."}};
  std::string id;
  std::string tenant;
  build_plan plan;
  sealed_secrets secrets;
  caf::optional<uint64_t> disk_limit{};
  friend bool operator==(const build_image&, const build_image&) = default;
};
BOOST_DESCRIBE_STRUCT(build_image, (), (id, tenant, plan, secrets, disk_limit))

struct image_built {
  static constexpr std::string_view summary = "The image is in the builder's store.";
  static constexpr field_doc docs[]
    = {{"disk_bytes", "What the tenant's builds kept before it, if that was looked at."}};
  std::string image;
  caf::optional<uint64_t> disk_bytes{};
  friend bool operator==(const image_built&, const image_built&) = default;
};
BOOST_DESCRIBE_STRUCT(image_built, (), (image, disk_bytes))

struct push_image {
  static constexpr std::string_view summary = "Asks to put a built image into the registry.";
  std::string id;
  std::string tenant;
  std::string app;
  friend bool operator==(const push_image&, const push_image&) = default;
};
BOOST_DESCRIBE_STRUCT(push_image, (), (id, tenant, app))

struct cancel_work {
  static constexpr std::string_view summary
    = "Ends what is under way for a deployment and removes what it left.";
  std::string id;
  std::string tenant;
  friend bool operator==(const cancel_work&, const cancel_work&) = default;
};
BOOST_DESCRIBE_STRUCT(cancel_work, (), (id, tenant))

struct work_cancelled {
  static constexpr std::string_view summary = "Nothing is under way for the deployment.";
  std::string id;
  friend bool operator==(const work_cancelled&, const work_cancelled&) = default;
};
BOOST_DESCRIBE_STRUCT(work_cancelled, (), (id))

/// One job of one deployment on one thread of its own: fetches, builds, pushes or cleans up, then
/// ends.
/// Fails with what the adapters say.
using build_actor = caf::typed_actor<caf::replies_to<fetch_source>::with<source_fetched>,
                                     caf::replies_to<build_image>::with<image_built>,
                                     caf::replies_to<push_image>::with<image_pushed>,
                                     caf::replies_to<cancel_work>::with<work_cancelled>>;

struct build_job_info {
  static constexpr std::string_view summary = "A job of the build queue.";
  static constexpr field_doc docs[] = {
    {"id", "The deployment's id."},
    {"step", "fetching, building or pushing."},
    {"running", "Whether it has a slot; otherwise it waits for one."},
    {"since", "When it got its slot, or began to wait."},
    {"waits", "Absent while it runs."},
  };
  std::string id;
  std::string tenant;
  deployment_state step = deployment_state::building;
  bool running = false;
  caf::timestamp since;
  caf::optional<slot_wait> waits;
  friend bool operator==(const build_job_info&, const build_job_info&) = default;
};
BOOST_DESCRIBE_STRUCT(build_job_info, (), (id, tenant, step, running, since, waits))

struct build_queue_info {
  static constexpr std::string_view summary = "What is being built and what waits.";
  static constexpr field_doc docs[] = {
    {"slots", "Builds at once."},
    {"light_slots", "Fetches and pushes at once."},
    {"waiting", "Deployments that wait, and those that were let in and come in a moment."},
    {"waiting_limit", "At so many waiting, new deployments are turned away."},
    {"tenant_limit", "The same for one tenant."},
    {"usual_build", "How long builds took lately; absent: none has ended yet."},
    {"held", "Why no further build begins now; absent: nothing but slots is scarce."},
    {"jobs", "Those that run, then those that wait in the order of their turns."},
  };
  uint32_t slots = 0;
  uint32_t light_slots = 0;
  uint32_t waiting = 0;
  uint32_t waiting_limit = 0;
  uint32_t tenant_limit = 0;
  caf::optional<std::chrono::milliseconds> usual_build;
  caf::optional<std::string> held;
  std::vector<build_job_info> jobs;
  friend bool operator==(const build_queue_info&, const build_queue_info&) = default;
};
BOOST_DESCRIBE_STRUCT(build_queue_info, (),
                      (slots, light_slots, waiting, waiting_limit, tenant_limit, usual_build, held,
                       jobs))

struct get_build_queue {
  static constexpr std::string_view summary = "Asks what is being built and what waits.";
  static constexpr permission needs = permission::operate;
  friend bool operator==(const get_build_queue&, const get_build_queue&) = default;
};
BOOST_DESCRIBE_STRUCT(get_build_queue, (), ())

struct get_slot_wait {
  static constexpr std::string_view summary = "Asks whether a deployment waits for a slot.";
  std::string id;
  friend bool operator==(const get_slot_wait&, const get_slot_wait&) = default;
};
BOOST_DESCRIBE_STRUCT(get_slot_wait, (), (id))

struct admit_deployment {
  static constexpr std::string_view summary
    = "Asks whether one more deployment of a tenant can be taken. Sent by its app.";
  std::string tenant;
  friend bool operator==(const admit_deployment&, const admit_deployment&) = default;
};
BOOST_DESCRIBE_STRUCT(admit_deployment, (), (tenant))

struct deployment_admitted {
  static constexpr std::string_view summary
    = "One more deployment of the tenant has a place; it is kept for a moment.";
  std::string tenant;
  friend bool operator==(const deployment_admitted&, const deployment_admitted&) = default;
};
BOOST_DESCRIBE_STRUCT(deployment_admitted, (), (tenant))

/// Gives jobs to build actors, as many at once as there are slots, round-robin among tenants.
/// admit_deployment fails with over_quota or unavailable and an admission_refusal; jobs always get
/// in and fail with what they fail with. The load is told by whoever watches the machine, a limit
/// by the tenant's quota.
using build_queue_actor
  = build_actor::extend<caf::replies_to<get_build_queue>::with<build_queue_info>,
                        caf::replies_to<get_slot_wait>::with<slot_wait>,
                        caf::replies_to<admit_deployment>::with<deployment_admitted>,
                        caf::reacts_to<machine_load>, caf::reacts_to<build_limit>>;

} // namespace backendim
