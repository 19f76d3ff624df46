#include "adapters/inspect/node_project.hpp"

namespace backendim::inspection {

detection detect_node(const detection_input& in) {
  const auto project = node_project::read(in.tree);
  if (!project)
    return project.error();
  if (!*project)
    return std::optional<finding>{};
  auto result = (*project)->plan(in, "node", "Node, because there is a package.json.", "");
  if (!result)
    return std::move(result.error());
  // A package.json beside another language is most often there for tools or styles only.
  const bool says_how = !result->plan.start.empty() && in.own_start.empty();
  const bool chosen = in.config.runtime && split_runtime(*in.config.runtime).language == "node";
  if (!says_how && !chosen)
    for (const auto* other :
         {"manage.py", "requirements.txt", "pyproject.toml", "Pipfile", "go.mod", "Cargo.toml"})
      if (in.tree.has(other))
        return std::optional<finding>{};
  return std::optional{std::move(*result)};
}

} // namespace backendim::inspection
