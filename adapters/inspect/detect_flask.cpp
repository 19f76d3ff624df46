#include "adapters/inspect/python_project.hpp"

namespace backendim::inspection {

detection detect_flask(const detection_input& in) {
  const auto project = python_project::read(in.tree);
  if (!project || !project->depends_on("flask"))
    return std::optional<finding>{};
  const auto app = project->find_app("Flask");
  std::string start;
  if (app)
    start = "gunicorn --bind 0.0.0.0:$PORT --threads 8 --worker-tmp-dir /tmp"
            + (app->folder.empty() ? "" : " --chdir " + app->folder) + " '" + app->module + ":"
            + app->object + (app->factory ? "()'" : "'");
  auto result = project->plan(in, "flask",
                              app ? "Flask, because " + app->where + " makes the application."
                                  : "Flask, because the dependencies name it.",
                              start, "gunicorn");
  if (!result)
    return std::move(result.error());
  result->no_start = "no `app = Flask(...)` in app.py, main.py, wsgi.py or a package";
  result->no_start_next
    = "Set start in backend-im.yml, like gunicorn --bind 0.0.0.0:$PORT shop.web:app.";
  return std::optional{std::move(*result)};
}

} // namespace backendim::inspection
