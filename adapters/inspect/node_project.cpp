#include "adapters/inspect/node_project.hpp"

#include "protocol/json.hpp"

#include <algorithm>
#include <utility>

namespace backendim::inspection {

namespace {

constexpr std::string_view entry_files[]
  = {"server.js",  "index.js",  "app.js",       "main.js",
     "server.mjs", "index.mjs", "src/index.js", "src/server.js"};

const json::object* table(const json::object& package, std::string_view key) {
  const auto* value = package.if_contains(key);
  return value != nullptr ? value->if_object() : nullptr;
}

std::string text_of(const json::object* table, std::string_view key) {
  const auto* value = table != nullptr ? table->if_contains(key) : nullptr;
  return value != nullptr && value->is_string() ? std::string{value->get_string()} : std::string{};
}

/// The line of "key" after "section" in *text*: exact enough for a file that people wrote.
std::string place(std::string_view text, std::string_view section, std::string_view key) {
  const auto from = text.find("\"" + std::string{section} + "\"");
  const auto at = from == text.npos ? from : text.find("\"" + std::string{key} + "\"", from);
  return "package.json:" + std::to_string(at == text.npos ? 1 : line_at(text, at));
}

bool is_version_text(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '.' || c == '-';
  });
}

/// "9.1.0" of "pnpm@9.1.0+sha512...", or "".
std::string pinned_manager(const std::string& field, std::string_view name) {
  if (!field.starts_with(std::string{name} + "@"))
    return "";
  auto result = field.substr(name.size() + 1);
  result = result.substr(0, result.find('+'));
  return is_version_text(result) ? result : "";
}

} // namespace

caf::expected<std::optional<node_project>> node_project::read(const source_tree& tree) {
  auto text = tree.text("package.json");
  if (!text)
    return std::optional<node_project>{};
  json::error_code failed;
  json::stream_parser parser;
  const auto used = parser.write_some(*text, failed);
  if (!failed && parser.done() && trim(std::string_view{*text}.substr(used)).empty()) {
    auto value = parser.release();
    if (auto* object = value.if_object()) {
      node_project result{tree};
      result.text_ = std::move(*text);
      result.package_ = std::move(*object);
      return std::optional{std::move(result)};
    }
  }
  return cannot_plan("package.json is not a JSON object.",
                     {"package.json:" + std::to_string(line_at(*text, std::min(used, text->size())))
                      + ": " + (failed ? failed.message() : "the object ends here or is none")},
                     "Correct it; `npm pkg get name` shows whether npm can read it.");
}

bool node_project::depends_on(std::string_view package) const {
  for (const auto* section : {"dependencies", "devDependencies", "optionalDependencies"})
    if (const auto* names = table(package_, section); names != nullptr && names->contains(package))
      return true;
  return false;
}

std::string node_project::script(std::string_view name) const {
  return text_of(table(package_, "scripts"), name);
}

std::string node_project::main_file() const {
  auto main = text_of(&package_, "main");
  if (main.starts_with("./"))
    main.erase(0, 2);
  for (const auto& name : {main, main + ".js", main + "/index.js"})
    if (!main.empty() && tree_->has(name))
      return name;
  const bool made_by_build = !main.empty() && main.ends_with(".js") && !script("build").empty();
  if (made_by_build)
    return main;
  return "";
}

std::optional<version_wish> node_project::wish(const app_config& config,
                                               caf::error& problem) const {
  if (auto wanted = wish_of_config(config))
    return wanted;
  const auto understood = [&](const std::string& text, const std::string& where) {
    auto range = parse_npm_range(text);
    if (!range)
      problem = unreadable_version(where, text, "20 or >=20");
    return version_wish{text, where, range.value_or(version_range{})};
  };
  if (const auto text = text_of(table(package_, "engines"), "node"); !text.empty())
    return understood(text, place(text_, "engines", "node"));
  for (const auto* file : {".nvmrc", ".node-version"}) {
    const auto content = tree_->text(file).value_or("");
    int number = 0;
    for (const auto line : lines_of(content)) {
      ++number;
      if (const auto text = trim(line.substr(0, line.find('#'))); !text.empty())
        return understood(std::string{text}, std::string{file} + ":" + std::to_string(number));
    }
  }
  return std::nullopt;
}

caf::expected<finding> node_project::plan(const detection_input& in, std::string framework,
                                          std::string recognised, std::string default_start) const {
  caf::error problem;
  const auto wanted = wish(in.config, problem);
  if (problem)
    return problem;
  auto runtime = in.runtimes.choose("node", wanted);
  if (!runtime)
    return std::move(runtime.error());
  finding result;
  auto& plan = result.plan;
  plan.framework = std::move(framework);
  plan.runtime = runtime->name;
  plan.base_image = "node:" + runtime->line;
  plan.port = 3000;
  plan.why = {std::move(recognised), runtime->why};
  choose_start(in, result, std::move(default_start));
  choose_install(in, result);
  return result;
}

void node_project::choose_start(const detection_input& in, finding& result,
                                std::string default_start) const {
  auto& plan = result.plan;
  if (!in.own_start.empty()) {
    plan.start = in.own_start;
    return;
  }
  const auto start = script("start");
  if (!default_start.empty()) {
    plan.start = std::move(default_start);
    plan.why.push_back("Starts with `" + plan.start + "`, the framework's own server.");
  } else if (!start.empty()) {
    // npm in between costs memory and time; it is needed only for its hooks and variables.
    const bool needs_npm = !script("prestart").empty() || !script("poststart").empty()
                           || start.find("npm_") != start.npos
                           || start.find_first_of("\r\n") != start.npos;
    plan.start = needs_npm ? "npm start" : start;
    plan.why.push_back(needs_npm ? "Starts with `npm start`: the start script uses npm's hooks or "
                                   "variables."
                                 : "Starts with scripts.start of package.json, without npm in "
                                   "between so that signals reach the app.");
  } else {
    auto file = main_file();
    for (const auto name : entry_files)
      if (file.empty() && tree_->has(name))
        file = name;
    const bool plain = std::ranges::all_of(file, [](char c) {
      return std::string_view{" '\"$`\\;&|<>()*?[]#~!\n"}.find(c) == std::string_view::npos;
    });
    if (!file.empty() && plain) {
      plan.start = "node " + file;
      plan.why.push_back("Starts " + file + ": package.json has no start script.");
    }
  }
  result.no_start = "package.json has no start script, no main, and there is no server.js";
  result.no_start_next
    = "Add \"start\" to the scripts in package.json, or start to backend-im.yml.";
}

node_package_manager node_project::manager(finding& result, std::string& get_manager) const {
  const auto field = text_of(&package_, "packageManager");
  const auto get = [&](const std::string& package, const std::string& wanted) {
    get_manager = "npm install --global " + package + "@" + wanted;
  };
  if (field.starts_with("pnpm@") || (field.empty() && tree_->has("pnpm-lock.yaml"))) {
    const auto pinned = pinned_manager(field, "pnpm");
    const bool old = result.plan.base_image == "node:16";
    get("pnpm", pinned.empty() ? (old ? "8" : "9") : pinned);
    return node_package_manager::pnpm;
  }
  if (field.starts_with("yarn@") || (field.empty() && tree_->has("yarn.lock"))) {
    const auto pinned = pinned_manager(field, "yarn");
    const auto lock = tree_->text("yarn.lock").value_or("");
    const bool berry = pinned.empty() ? lock.find("__metadata:") != lock.npos
                                      : !pinned.starts_with("1.") && pinned != "1";
    if (berry) {
      get("@yarnpkg/cli-dist", pinned.empty() ? "4" : pinned);
      return node_package_manager::yarn_berry;
    }
    get("yarn", pinned.empty() ? "1" : pinned);
    return node_package_manager::yarn_classic;
  }
  return node_package_manager::npm;
}

bool node_project::keeps_dev_tools(const std::string& start, std::string& tool) const {
  // Binaries whose package has another name.
  static constexpr std::pair<std::string_view, std::string_view> other_names[]
    = {{"typescript", "tsc"}, {"@nestjs/cli", "nest"}, {"@babel/node", "babel-node"}};
  const auto* tools = table(package_, "devDependencies");
  if (tools == nullptr)
    return false;
  for (const auto& item : *tools) {
    tool = std::string{item.key()};
    if (has_word(start, tool))
      return true;
    for (const auto& [package, binary] : other_names)
      if (tool == package && has_word(start, binary))
        return true;
  }
  return start.starts_with("npm "); // whatever that script runs
}

void node_project::choose_install(const detection_input& in, finding& result) const {
  auto& plan = result.plan;
  std::string get_manager;
  const auto which = manager(result, get_manager);
  const bool builds = in.config.build ? bool(in.config.build->command) : !script("build").empty();
  std::string tool;
  const bool keep = keeps_dev_tools(plan.start, tool);
  const bool dev = builds || keep;
  if (!get_manager.empty())
    plan.install.push_back(get_manager);
  std::string prune;
  switch (which) {
    case node_package_manager::npm: {
      const bool locked = tree_->has("package-lock.json") || tree_->has("npm-shrinkwrap.json");
      plan.install.push_back(std::string{locked ? "npm ci" : "npm install --no-audit --no-fund"}
                             + (dev ? " --include=dev" : " --omit=dev"));
      prune = "npm prune --omit=dev";
      plan.why.push_back(locked ? "Installs with `npm ci` because there is a lock file."
                                : "Installs with `npm install` because there is no lock file; "
                                  "commit package-lock.json for equal builds.");
      break;
    }
    case node_package_manager::pnpm: {
      const bool locked = tree_->has("pnpm-lock.yaml");
      plan.install.push_back(std::string{"pnpm install"} + (locked ? " --frozen-lockfile" : "")
                             + (dev ? " --prod=false" : " --prod"));
      prune = "pnpm prune --prod";
      plan.why.push_back("Installs with pnpm because of its lock file or packageManager.");
      break;
    }
    case node_package_manager::yarn_classic:
      plan.install.push_back(std::string{"yarn install --frozen-lockfile"}
                             + (dev ? " --production=false" : " --production"));
      prune = "yarn install --frozen-lockfile --production --ignore-scripts --prefer-offline";
      plan.why.push_back("Installs with Yarn 1 because of its lock file or packageManager.");
      break;
    case node_package_manager::yarn_berry:
      plan.install.push_back("yarn install --immutable");
      plan.why.push_back("Installs with Yarn because of its lock file or packageManager.");
      break;
  }
  if (!script("build").empty()) {
    const char* run = which == node_package_manager::npm    ? "npm run build"
                      : which == node_package_manager::pnpm ? "pnpm run build"
                                                            : "yarn run build";
    plan.build.push_back(run);
    plan.why.push_back("Runs the build script of package.json.");
  }
  if (builds && !keep && !prune.empty()) {
    plan.build.push_back(prune);
    plan.why.push_back("Development dependencies are installed for the build and removed after.");
  } else if (keep && !tool.empty()) {
    plan.why.push_back("Development dependencies stay: the start command may need them.");
  }

  // What runs or reads more than manifests at install time needs the whole source first.
  for (const auto* hook : {"preinstall", "install", "postinstall", "prepare"})
    if (!script(hook).empty()) {
      plan.why.push_back("Copies all files before installing: the " + std::string{hook}
                         + " script may need them.");
      return;
    }
  const bool local = text_.find("\"file:") != text_.npos || text_.find("\"link:") != text_.npos;
  if (package_.contains("workspaces") || tree_->has("pnpm-workspace.yaml") || local
      || tree_->has_folder(".yarn") || tree_->has_folder("patches")
      || tree_->has_folder("node_modules")) {
    plan.why.push_back("Copies all files before installing: workspaces, patches, local packages "
                       "or an existing node_modules are part of it.");
    return;
  }
  for (const auto* file :
       {"package.json", "package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "yarn.lock",
        ".npmrc", ".yarnrc", ".yarnrc.yml", ".pnpmfile.cjs"})
    if (tree_->has(file))
      plan.manifests.emplace_back(file);
}

} // namespace backendim::inspection
