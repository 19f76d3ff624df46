#include "adapters/inspect/python_project.hpp"

namespace backendim::inspection {

detection detect_fastapi(const detection_input& in) {
  const auto project = python_project::read(in.tree);
  if (!project || !project->depends_on("fastapi"))
    return std::optional<finding>{};
  const auto app = project->find_app("FastAPI");
  std::string start;
  if (app)
    start = "uvicorn --host 0.0.0.0 --port $PORT"
            + (app->folder.empty() ? "" : " --app-dir " + app->folder)
            + (app->factory ? " --factory " : " ") + app->module + ":" + app->object;
  auto result = project->plan(in, "fastapi",
                              app ? "FastAPI, because " + app->where + " makes the application."
                                  : "FastAPI, because the dependencies name it.",
                              start, "uvicorn");
  if (!result)
    return std::move(result.error());
  result->no_start = "no `app = FastAPI(...)` in app.py, main.py or a package";
  result->no_start_next = "Set start in backend-im.yml, like uvicorn --host 0.0.0.0 --port $PORT "
                          "shop.web:app.";
  return std::optional{std::move(*result)};
}

} // namespace backendim::inspection
