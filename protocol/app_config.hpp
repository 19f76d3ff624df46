#pragma once

#include "protocol/described.hpp"
#include "protocol/edge_rules.hpp"

#include <caf/optional.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace backendim {

struct build_config {
  static constexpr std::string_view summary = "How the app is built.";
  static constexpr field_doc docs[]
    = {{"command", "Shell command that replaces the detected build step."},
       {"secrets", "Secrets that the build may read in /run/secrets; in no layer."}};
  caf::optional<std::string> command;
  caf::optional<std::vector<std::string>> secrets;
  friend bool operator==(const build_config&, const build_config&) = default;
};
BOOST_DESCRIBE_STRUCT(build_config, (), (command, secrets))

struct scaling_config {
  static constexpr std::string_view summary = "How many tasks run.";
  static constexpr field_doc docs[] = {
    {"min", "Tasks that always run. Default 1."},
    {"max", "Upper bound for the autoscaler. Default: min."},
    {"cpu_threshold", "Percent of the CPU limit above which the autoscaler adds a task."},
  };
  static constexpr field_bounds bounds[]
    = {{"min", 1, 20}, {"max", 1, 20}, {"cpu_threshold", 1, 100}};
  caf::optional<uint32_t> min;
  caf::optional<uint32_t> max;
  caf::optional<uint32_t> cpu_threshold;
  friend bool operator==(const scaling_config&, const scaling_config&) = default;
};
BOOST_DESCRIBE_STRUCT(scaling_config, (), (min, max, cpu_threshold))

/// How requests come to a new release.
enum class deploy_strategy : uint8_t {
  rolling = 1, ///< All of them at once, as soon as its tasks are ready.
  canary,      ///< Some of them first.
};
BOOST_DESCRIBE_ENUM(deploy_strategy, rolling, canary)

struct canary_config {
  static constexpr std::string_view summary = "How a new release is tried with some requests.";
  static constexpr field_doc docs[] = {
    {"weight", "The share of the requests that goes to it, like 10% or 2.5%. Default 10%."},
    {"duration", "How long it is tried, like 90s, 10m or 1h; a plain number is seconds. "
                 "Default 60s."},
    {"max_error_rate", "The share of its requests that may fail: status 500 or more, no answer, "
                       "no connection. Default 5%."},
    {"min_requests", "How many it has to have got before it is taken back for more. Default 20."},
    {"auto_promote", "Whether it gets all requests when its time is over; else only by "
                     "`backend-im promote`. Default true."},
    {"promote_deadline", "How long that is waited for, from the beginning. Default 1h."},
  };
  static constexpr field_bounds bounds[] = {{"min_requests", 1, 1'000'000}};
  caf::optional<std::string> weight;
  caf::optional<std::string> duration;
  caf::optional<std::string> max_error_rate;
  caf::optional<uint32_t> min_requests;
  caf::optional<bool> auto_promote;
  caf::optional<std::string> promote_deadline;
  friend bool operator==(const canary_config&, const canary_config&) = default;
};
BOOST_DESCRIBE_STRUCT(canary_config, (),
                      (weight, duration, max_error_rate, min_requests, auto_promote,
                       promote_deadline))

struct deploy_config {
  static constexpr std::string_view summary = "How a new release takes the place of the old one.";
  static constexpr field_doc docs[] = {
    {"min_healthy_time", "Seconds that its tasks have to be ready before requests go to them. "
                         "Default 0."},
    {"healthy_deadline", "Seconds until they have to be ready. Default 180."},
    {"auto_revert", "Whether a release that fails soon after it went live gives way to the one "
                    "before it. Default true."},
    {"watch", "Seconds that this is watched for; the old tasks run on as long. Default 30."},
    {"release_command", "Shell command that runs once, in the new image, before the release "
                        "starts: migrations. If it fails, so does the deployment."},
    {"strategy", "How requests come to it: rolling, all at once when it is ready, or canary, some "
                 "first. Default rolling."},
  };
  static constexpr field_bounds bounds[] = {{"min_healthy_time", 0, 3'600, "seconds"},
                                            {"healthy_deadline", 1, 3'600, "seconds"},
                                            {"watch", 0, 3'600, "seconds"}};
  caf::optional<uint32_t> min_healthy_time;
  caf::optional<uint32_t> healthy_deadline;
  caf::optional<bool> auto_revert;
  caf::optional<uint32_t> watch;
  caf::optional<std::string> release_command;
  caf::optional<deploy_strategy> strategy;
  caf::optional<canary_config> canary;
  friend bool operator==(const deploy_config&, const deploy_config&) = default;
};
BOOST_DESCRIBE_STRUCT(deploy_config, (),
                      (min_healthy_time, healthy_deadline, auto_revert, watch, release_command,
                       strategy, canary))

/// backend-im.yml. Every key may be absent; what is absent is detected or defaulted.
struct app_config {
  static constexpr std::string_view summary = "The settings of an app: backend-im.yml.";
  static constexpr field_doc docs[] = {
    {"name", "The app's name: lower-case letters, digits and dashes, at most 40."},
    {"runtime", "Language and version, like node@20, python@3.11, go@1.25."},
    {"port", "The port the app listens on; it is also set as PORT in its environment."},
    {"env", "Environment of the running app; ${SECRET:NAME} stands for a secret's value."},
    {"start", "Shell command that starts the app; a Procfile's web line otherwise."},
    {"health_check", "HTTP path that answers below 400 when the app is ready."},
    {"secrets", "Secrets that the app finds as files in /run/secrets."},
    {"writable", "Folders besides /tmp that the app may write in, at most 8: in memory, 64 MiB "
                 "each, empty at each start."},
  };
  static constexpr field_bounds bounds[] = {{"port", 1, 65'535}};
  caf::optional<std::string> name;
  caf::optional<std::string> runtime;
  caf::optional<uint16_t> port;
  caf::optional<std::map<std::string, std::string>> env;
  caf::optional<build_config> build;
  caf::optional<std::string> start;
  caf::optional<std::string> health_check;
  caf::optional<scaling_config> scaling;
  caf::optional<deploy_config> deploy;
  caf::optional<std::vector<std::string>> secrets;
  caf::optional<edge_rules> edge;
  caf::optional<std::vector<std::string>> writable;
  friend bool operator==(const app_config&, const app_config&) = default;
};
BOOST_DESCRIBE_STRUCT(app_config, (),
                      (name, runtime, port, env, build, start, health_check, scaling, deploy,
                       secrets, edge, writable))

/// *base* with what *over* says, key by key.
inline app_config merged(app_config base, const app_config& over) {
  boost::mp11::mp_for_each<fields_of<app_config>>([&](auto field) {
    if (const auto& wish = over.*field.pointer)
      base.*field.pointer = wish;
  });
  return base;
}

/// What a detector found out: all that is needed to build and start the app.
struct build_plan {
  static constexpr std::string_view summary = "How an app will be built and started, and why.";
  static constexpr field_doc docs[] = {
    {"framework", "express, fastify, nextjs, node, flask, fastapi, django, python, go, rust, "
                  "static, procfile or dockerfile."},
    {"runtime", "Language and exact version line, like node@20; empty for a Dockerfile."},
    {"base_image", "The image the build starts from, like node:20; empty for a Dockerfile."},
    {"install", "Shell commands that fetch dependencies, run before the source is copied."},
    {"build", "Shell commands run after the source is copied."},
    {"start", "Shell command that starts the app; empty: the image's own."},
    {"port", "The port the app will be told to listen on through PORT."},
    {"manifests", "Files the install step needs, relative to the source."},
    {"secrets", "Secrets that the build may read."},
    {"containerfile", "The user's own Dockerfile or Containerfile, relative; absent: generated."},
    {"why", "One sentence for each choice above."},
    {"writable", "Folders besides /tmp that the app may write in."},
  };
  std::string framework;
  std::string runtime;
  std::string base_image;
  std::vector<std::string> manifests;
  std::vector<std::string> install;
  std::vector<std::string> build;
  std::string start;
  uint16_t port = 0;
  caf::optional<std::string> containerfile;
  std::vector<std::string> why;
  std::vector<std::string> secrets;
  caf::optional<std::vector<std::string>> writable;
  friend bool operator==(const build_plan&, const build_plan&) = default;
};
BOOST_DESCRIBE_STRUCT(build_plan, (),
                      (framework, runtime, base_image, manifests, install, build, start, port,
                       containerfile, why, secrets, writable))

} // namespace backendim
