#include "adapters/inspect/detect.hpp"
#include "protocol/error.hpp"

#include <utility>

namespace backendim::inspection {

std::span<const detector> detectors() {
  // A Dockerfile is the user's own plan. Frameworks come before their language. A folder with
  // several languages is most often an app with tools or a front end beside it, so the order
  // among languages only decides what the config's runtime does not.
  static constexpr detector all[] = {
    {"", detect_dockerfile},    {"node", detect_nextjs},  {"node", detect_fastify},
    {"node", detect_express},   {"node", detect_node},    {"python", detect_django},
    {"python", detect_fastapi}, {"python", detect_flask}, {"python", detect_python},
    {"go", detect_go},          {"rust", detect_rust},    {"static", detect_static},
  };
  return all;
}

std::optional<version_wish> wish_of_config(const app_config& config) {
  if (!config.runtime)
    return std::nullopt;
  const auto [language, text] = split_runtime(*config.runtime);
  auto range = parse_exact(text);
  if (!range)
    return std::nullopt;
  return version_wish{text, "runtime in backend-im.yml", std::move(*range)};
}

caf::error cannot_plan(std::string message, std::vector<std::string> evidence, std::string next) {
  return make_failure(ec::invalid_request, {cause::framework_unknown, std::move(message),
                                            std::move(evidence), std::move(next)});
}

caf::error unreadable_version(const std::string& where, const std::string& text,
                              const std::string& example) {
  return make_failure(ec::invalid_request, {cause::runtime_unavailable,
                                            "The version in " + where + " cannot be understood.",
                                            {where + ": " + text},
                                            "Write it like " + example + "."});
}

} // namespace backendim::inspection
