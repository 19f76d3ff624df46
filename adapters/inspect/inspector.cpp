#include "adapters/inspect/inspector.hpp"

#include "adapters/inspect/config.hpp"
#include "adapters/inspect/containerfile.hpp"
#include "adapters/inspect/detect.hpp"
#include "protocol/config_problem.hpp"
#include "protocol/json.hpp"
#include "protocol/plain_text.hpp"
#include "protocol/writable.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace backendim::inspection {

namespace {

constexpr std::string_view app_folder = "/app"; // the WORKDIR of generated Containerfiles
constexpr std::string_view config_files[] = {"backend-im.yml", "backend-im.yaml"};

struct procfile_line {
  std::string command;
  int line = 0;
};

/// The "web: ..." line of the Procfile, if there is one.
std::optional<procfile_line> web_line(const source_tree& tree) {
  const auto text = tree.text("Procfile").value_or(""); // lines are views into it
  int number = 0;
  for (const auto line : lines_of(text)) {
    ++number;
    if (line.starts_with("web:") && !trim(line.substr(4)).empty())
      return procfile_line{plain_text(trim(line.substr(4))), number};
  }
  return std::nullopt;
}

/// A port that the config fixes, or 0.
uint16_t configured_port(const app_config& config) {
  if (config.port)
    return *config.port;
  const auto name
    = config.env ? config.env->find("PORT") : std::map<std::string, std::string>::const_iterator{};
  if (!config.env || name == config.env->end())
    return 0;
  uint16_t result = 0;
  const auto& text = name->second;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), result);
  return failed == std::errc{} && end == text.data() + text.size() ? result : uint16_t{0};
}

class inspector : public source_inspector {
public:
  explicit inspector(const options& x) : runtimes_{x} {}

  caf::expected<app_config> read_config(const std::filesystem::path& folder) override {
    const source_tree tree{folder};
    std::vector<std::string> found;
    for (const auto name : config_files)
      if (std::error_code failed; std::filesystem::exists(
            std::filesystem::symlink_status(folder / std::filesystem::path{name}, failed)))
        found.emplace_back(name);
    if (found.empty())
      return app_config{};
    if (found.size() > 1)
      return make_failure(ec::invalid_request,
                          {cause::config_invalid,
                           "There are two configurations.",
                           {"backend-im.yml:1:1: backend-im.yaml is there too"},
                           "Keep one of the two files."});
    const auto text = tree.text(found[0]);
    if (!text)
      return make_failure(ec::invalid_request,
                          {cause::config_invalid,
                           found[0] + " cannot be read.",
                           {found[0] + ":1:1: no file inside of the source of at most 64 KiB"},
                           "Make it a file of its own, not a link or folder."});
    return parse_config(*text, found[0]);
  }

  caf::expected<build_plan> plan(const std::filesystem::path& folder,
                                 const app_config& config) override {
    // The file and what was said in its place each fitted; together they may contradict each other.
    if (const auto problem = problem_in(config))
      return make_failure(
        ec::invalid_request,
        {cause::config_invalid,
         "backend-im.yml and the settings of this deployment contradict each "
         "other.",
         {problem->pointer + ": expected " + problem->expected + ", found " + problem->found},
         "Change one of the two."});
    const source_tree tree{folder};
    const auto web = web_line(tree);
    const std::string own_start = config.start ? *config.start : web ? web->command : "";
    const detection_input in{tree, config, runtimes_, own_start};
    const auto wanted = config.runtime ? split_runtime(*config.runtime).language : "";
    for (const auto& x : detectors()) {
      if (!wanted.empty() && !x.language.empty() && x.language != wanted)
        continue;
      auto found = x.detect(in);
      if (!found)
        return std::move(found.error());
      if (*found)
        return finish(std::move(**found), config, web);
    }
    return unknown(tree, wanted);
  }

  std::string containerfile(const build_plan& plan) override { return render_containerfile(plan); }

private:
  /// Lets *config* and the Procfile win over what was found.
  static caf::expected<build_plan> finish(finding found, const app_config& config,
                                          const std::optional<procfile_line>& web) {
    auto& plan = found.plan;
    const bool own_file = bool(plan.containerfile);
    if (config.start) {
      plan.start = *config.start;
      plan.why.emplace_back("The config says how it starts.");
    } else if (web && !own_file) {
      plan.start = web->command;
      plan.why.push_back("Starts with the web line of Procfile:" + std::to_string(web->line) + ".");
      if (plan.framework == "node" || plan.framework == "python")
        plan.framework = "procfile";
    }
    if (plan.start.empty() && !own_file)
      return cannot_plan("Nothing says how the app starts: " + found.no_start + ".",
                         {plan.why.empty() ? "" : plan.why[0], found.no_start},
                         found.no_start_next);
    if (!own_file && config.build && config.build->command) {
      plan.build = {*config.build->command};
      plan.why.emplace_back("The config's build command replaces the detected one.");
    }
    if (config.build && config.build->secrets) {
      plan.secrets = *config.build->secrets;
      for (const auto& name : plan.secrets)
        plan.why.push_back("The build may read the secret " + name + ".");
    }
    if (config.writable) {
      if (!own_file)
        for (const auto& folder : *config.writable)
          if (folder == app_folder)
            return make_failure(ec::invalid_request,
                                {cause::config_invalid,
                                 "An empty folder at " + folder + " would hide the app itself.",
                                 {"writable: " + folder},
                                 "Name a folder in it, like " + folder + "/cache."});
      plan.writable = *config.writable;
      for (const auto& folder : *config.writable)
        plan.why.push_back("The app may write in " + folder + ": in memory, at most "
                           + std::to_string(writable_bytes >> 20)
                           + " MiB, empty at each start of a task.");
    }
    if (!own_file)
      plan.build.insert(plan.build.end(), found.after_build.begin(), found.after_build.end());
    if (const auto port = configured_port(config); port != 0) {
      plan.port = port;
      plan.why.push_back("Port " + std::to_string(port) + " because the config says so.");
    } else if (!own_file) {
      plan.why.push_back("Port " + std::to_string(plan.port)
                         + ", which the app is told through PORT.");
    }
    return std::move(plan);
  }

  static caf::error unknown(const source_tree& tree, const std::string& wanted) {
    std::string seen;
    size_t shown = 0;
    for (const auto& name : tree.names())
      if (shown < 20 && !name.starts_with(".")) {
        seen += (shown++ == 0 ? "" : ", ") + name;
      }
    const std::string looked_for
      = "looked for: Dockerfile, package.json, requirements.txt, pyproject.toml, Pipfile, "
        "manage.py, go.mod, Cargo.toml, index.html";
    return cannot_plan(wanted.empty() ? "Nothing here is a kind of app that is known."
                                      : "Nothing here is an app in " + wanted + ".",
                       {seen.empty() ? "the folder is empty" : "found: " + seen, looked_for},
                       wanted.empty() ? "Deploy the folder that holds the app, or add a Dockerfile."
                                      : "Remove runtime from backend-im.yml, or deploy the folder "
                                        "that holds the app.");
  }

  runtime_catalog runtimes_;
};

} // namespace

std::shared_ptr<source_inspector> make_inspector(options x) {
  return std::make_shared<inspector>(x);
}

boost::json::object config_schema() {
  return json_schema<app_config>();
}

} // namespace backendim::inspection
