#pragma once

#include "adapters/inspect/runtimes.hpp"
#include "adapters/inspect/source_tree.hpp"
#include "protocol/app_config.hpp"

#include <caf/expected.hpp>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace backendim::inspection {

/// All that a detector may look at.
struct detection_input {
  const source_tree& tree;
  const app_config& config;
  const runtime_catalog& runtimes;
  /// The start command of the config or of the Procfile; a detector then needs to find none.
  std::string own_start;
};

/// What a detector found: a plan whose start may be empty, and then why.
struct finding {
  build_plan plan;
  std::string no_start;      ///< "package.json has no start script and no main".
  std::string no_start_next; ///< What the user should do about it.
  /// Steps that must also follow a build.command of the config.
  std::vector<std::string> after_build;
};

/// None when the source is something else. Fails with what source_inspector::plan may fail with.
using detection = caf::expected<std::optional<finding>>;

struct detector {
  std::string_view language; ///< Which "runtime" in the config it fits; empty: any.
  detection (*detect)(const detection_input&);
};

/// In the order in which they are asked; the first that recognises the source wins.
std::span<const detector> detectors();

detection detect_dockerfile(const detection_input& in);
detection detect_nextjs(const detection_input& in);
detection detect_fastify(const detection_input& in);
detection detect_express(const detection_input& in);
detection detect_node(const detection_input& in);
detection detect_django(const detection_input& in);
detection detect_fastapi(const detection_input& in);
detection detect_flask(const detection_input& in);
detection detect_python(const detection_input& in);
detection detect_go(const detection_input& in);
detection detect_rust(const detection_input& in);
detection detect_static(const detection_input& in);

/// The version that the config's runtime names, if it names one.
std::optional<version_wish> wish_of_config(const app_config& config);

/// A failure {framework_unknown}.
caf::error cannot_plan(std::string message, std::vector<std::string> evidence, std::string next);

/// A failure {runtime_unavailable} about a version that nobody can read.
caf::error unreadable_version(const std::string& where, const std::string& text,
                              const std::string& example);

} // namespace backendim::inspection
