#pragma once

#include "adapters/inspect/detect.hpp"

#include <boost/json/object.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace backendim::inspection {

enum class node_package_manager { npm, pnpm, yarn_classic, yarn_berry };

/// A folder with a package.json: what every Node detector needs of it.
class node_project {
public:
  /// None when there is no package.json; fails when it is no JSON object.
  static caf::expected<std::optional<node_project>> read(const source_tree& tree);

  /// Whether the app needs *package* at run time or to be built.
  bool depends_on(std::string_view package) const;

  /// The script's text, or "".
  std::string script(std::string_view name) const;

  /// "src/index.js" of "main" when that file exists or the build may make it, or "".
  std::string main_file() const;

  /// Fills runtime, base image, manifests, install and build, and why. *default_start* is used when
  /// neither the config, nor the Procfile, nor scripts.start say otherwise; empty: main or
  /// server.js and its like.
  caf::expected<finding> plan(const detection_input& in, std::string framework,
                              std::string recognised, std::string default_start) const;

private:
  explicit node_project(const source_tree& tree) : tree_{&tree} {}

  std::optional<version_wish> wish(const app_config& config, caf::error& problem) const;
  void choose_start(const detection_input& in, finding& result, std::string default_start) const;
  void choose_install(const detection_input& in, finding& result) const;
  node_package_manager manager(finding& result, std::string& get_manager) const;
  bool keeps_dev_tools(const std::string& start, std::string& tool) const;

  const source_tree* tree_;
  std::string text_;
  boost::json::object package_;
};

} // namespace backendim::inspection
