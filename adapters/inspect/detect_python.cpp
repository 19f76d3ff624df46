#include "adapters/inspect/python_project.hpp"

namespace backendim::inspection {

detection detect_python(const detection_input& in) {
  const auto project = python_project::read(in.tree);
  if (!project)
    return std::optional<finding>{};
  std::string start;
  for (const auto* file : {"main.py", "app.py", "server.py", "run.py"})
    if (start.empty() && in.tree.has(file))
      start = "python " + std::string{file};
  // Procfiles of frameworks that have no detector of their own name these.
  const auto server = has_word(in.own_start, "uvicorn") ? "uvicorn" : "gunicorn";
  auto result = project->plan(in, "python", "Python, because of its files; no known framework.",
                              start, server);
  if (!result)
    return std::move(result.error());
  result->no_start = "there is no main.py, app.py, server.py or run.py";
  result->no_start_next = "Set start in backend-im.yml or add a Procfile with a web line.";
  return std::optional{std::move(*result)};
}

} // namespace backendim::inspection
