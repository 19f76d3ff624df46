#include "adapters/inspect/node_project.hpp"

namespace backendim::inspection {

detection detect_fastify(const detection_input& in) {
  const auto project = node_project::read(in.tree);
  if (!project)
    return project.error();
  if (!*project || !(*project)->depends_on("fastify"))
    return std::optional<finding>{};
  auto result = (*project)->plan(in, "fastify", "Fastify, because package.json depends on it.", "");
  if (!result)
    return std::move(result.error());
  return std::optional{std::move(*result)};
}

} // namespace backendim::inspection
