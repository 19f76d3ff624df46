#pragma once

#include "adapters/inspect/detect.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace backendim::inspection {

/// Where an application object is made, like `app = Flask(__name__)`.
struct python_app {
  std::string module; ///< "app" or "shop.main".
  std::string object; ///< "app", or "create_app" of a factory.
  std::string folder; ///< "src" when the module is imported from there, else "".
  std::string where;  ///< "app.py:5".
  bool factory = false;
};

/// A folder with Python dependencies or modules: what every Python detector needs of it.
class python_project {
public:
  /// None when nothing in *tree* looks like Python.
  static std::optional<python_project> read(const source_tree& tree);

  /// Whether a list of dependencies names *package*.
  bool depends_on(std::string_view package) const;

  /// Looks for `name = type(...)`, else for `def create_app(` in a file that mentions *type*.
  std::optional<python_app> find_app(std::string_view type) const;

  /// Fills all but the start command, which may be set before: then *server* ("gunicorn", or "" for
  /// none) is installed too unless the dependencies have it.
  caf::expected<finding> plan(const detection_input& in, std::string framework,
                              std::string recognised, std::string start,
                              std::string_view server) const;

private:
  explicit python_project(const source_tree& tree) : tree_{&tree} {}

  std::optional<version_wish> wish(const app_config& config, caf::error& problem) const;
  void choose_install(build_plan& plan) const;
  bool add_requirements(build_plan& plan) const;

  const source_tree* tree_;
  std::string dependencies_; ///< All lists of dependencies, in lower case.
};

} // namespace backendim::inspection
