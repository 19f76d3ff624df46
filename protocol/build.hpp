#pragma once

#include "protocol/access.hpp"
#include "protocol/app_config.hpp"
#include "protocol/deployment.hpp"

#include <caf/typed_actor.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace backendim {

struct fetch_source {
  static constexpr std::string_view summary = "Asks for a source, unpacked and understood.";
  static constexpr field_doc docs[] = {{"config", "Overrides single keys of backend-im.yml."}};
  std::string id;
  std::string tenant;
  source_ref source;
  app_config config;
  friend bool operator==(const fetch_source&, const fetch_source&) = default;
};
BOOST_DESCRIBE_STRUCT(fetch_source, (), (id, tenant, source, config))

struct build_image {
  static constexpr std::string_view summary = "Asks for an image of a fetched source.";
  std::string id;
  std::string tenant;
  build_plan plan;
  friend bool operator==(const build_image&, const build_image&) = default;
};
BOOST_DESCRIBE_STRUCT(build_image, (), (id, tenant, plan))

struct image_built {
  static constexpr std::string_view summary = "The image is in the builder's store.";
  std::string image;
  friend bool operator==(const image_built&, const image_built&) = default;
};
BOOST_DESCRIBE_STRUCT(image_built, (), (image))

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
  friend bool operator==(const cancel_work&, const cancel_work&) = default;
};
BOOST_DESCRIBE_STRUCT(cancel_work, (), (id))

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
  };
  std::string id;
  std::string tenant;
  deployment_state step = deployment_state::building;
  bool running = false;
  friend bool operator==(const build_job_info&, const build_job_info&) = default;
};
BOOST_DESCRIBE_STRUCT(build_job_info, (), (id, tenant, step, running))

struct build_queue_info {
  static constexpr std::string_view summary = "What is being built and what waits.";
  uint32_t slots = 0;
  std::vector<build_job_info> jobs;
  friend bool operator==(const build_queue_info&, const build_queue_info&) = default;
};
BOOST_DESCRIBE_STRUCT(build_queue_info, (), (slots, jobs))

struct get_build_queue {
  static constexpr std::string_view summary = "Asks what is being built and what waits.";
  static constexpr permission needs = permission::operate;
  friend bool operator==(const get_build_queue&, const get_build_queue&) = default;
};
BOOST_DESCRIBE_STRUCT(get_build_queue, (), ())

/// Gives jobs to build actors, as many at once as there are slots. Fails with unavailable when too
/// many wait, else with what the job fails with.
using build_queue_actor
  = build_actor::extend<caf::replies_to<get_build_queue>::with<build_queue_info>>;

} // namespace backendim
