#pragma once

#include "protocol/described.hpp"

#include <caf/optional.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace backendim {

struct build_config {
  static constexpr std::string_view summary = "How the app is built.";
  static constexpr field_doc docs[]
    = {{"command", "Shell command that replaces the detected build step."}};
  caf::optional<std::string> command;
  friend bool operator==(const build_config&, const build_config&) = default;
};
BOOST_DESCRIBE_STRUCT(build_config, (), (command))

struct scaling_config {
  static constexpr std::string_view summary = "How many tasks run.";
  static constexpr field_doc docs[] = {
    {"min", "Tasks that always run. Default 1."},
    {"max", "Upper bound for the autoscaler. Default: min."},
    {"cpu_threshold", "Percent of the CPU limit above which the autoscaler adds a task."},
  };
  caf::optional<uint32_t> min;
  caf::optional<uint32_t> max;
  caf::optional<uint32_t> cpu_threshold;
  friend bool operator==(const scaling_config&, const scaling_config&) = default;
};
BOOST_DESCRIBE_STRUCT(scaling_config, (), (min, max, cpu_threshold))

/// backend-im.yml. Every key may be absent; what is absent is detected or defaulted.
struct app_config {
  static constexpr std::string_view summary = "The settings of an app: backend-im.yml.";
  static constexpr field_doc docs[] = {
    {"name", "The app's name: lower-case letters, digits and dashes, at most 40."},
    {"runtime", "Language and version, like node@20, python@3.11, go@1.25."},
    {"port", "The port the app listens on; it is also set as PORT in its environment."},
    {"env", "Environment of the running app."},
    {"start", "Shell command that starts the app; a Procfile's web line otherwise."},
    {"health_check", "HTTP path that answers below 400 when the app is ready."},
  };
  caf::optional<std::string> name;
  caf::optional<std::string> runtime;
  caf::optional<uint16_t> port;
  caf::optional<std::map<std::string, std::string>> env;
  caf::optional<build_config> build;
  caf::optional<std::string> start;
  caf::optional<std::string> health_check;
  caf::optional<scaling_config> scaling;
  friend bool operator==(const app_config&, const app_config&) = default;
};
BOOST_DESCRIBE_STRUCT(app_config, (),
                      (name, runtime, port, env, build, start, health_check, scaling))

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
    {"containerfile", "The user's own Dockerfile or Containerfile, relative; absent: generated."},
    {"why", "One sentence for each choice above."},
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
  friend bool operator==(const build_plan&, const build_plan&) = default;
};
BOOST_DESCRIBE_STRUCT(build_plan, (),
                      (framework, runtime, base_image, manifests, install, build, start, port,
                       containerfile, why))

} // namespace backendim
