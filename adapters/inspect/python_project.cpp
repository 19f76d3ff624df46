#include "adapters/inspect/python_project.hpp"

#include <algorithm>
#include <cctype>
#include <utility>
#include <vector>

namespace backendim::inspection {

namespace {

constexpr std::string_view module_files[]
  = {"app.py",    "main.py", "wsgi.py", "asgi.py", "application.py",
     "server.py", "run.py",  "api.py",  "web.py",  "index.py"};

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

bool is_identifier(std::string_view text) {
  return !text.empty() && std::isdigit(static_cast<unsigned char>(text[0])) == 0
         && std::ranges::all_of(text, [](char c) {
              return c == '_' || std::isalnum(static_cast<unsigned char>(c)) != 0;
            });
}

/// The name in "name = Type(" or "name: Type = module.Type(" at the start of *line*, or "".
std::string assigned(std::string_view line, std::string_view type) {
  const auto equals = line.find('=');
  if (equals == line.npos || equals + 1 >= line.size() || line[equals + 1] == '=')
    return "";
  auto name = line.substr(0, equals);
  name = name.substr(0, name.find(':'));
  while (name.ends_with(' '))
    name.remove_suffix(1);
  auto call = trim(line.substr(equals + 1));
  call = call.substr(0, call.find('('));
  if (const auto dot = call.rfind('.'); dot != call.npos)
    call = call.substr(dot + 1);
  const bool called = line.find('(', equals) != line.npos;
  return called && call == type && is_identifier(name) ? std::string{name} : "";
}

/// "shop.main" for "shop/main.py", "shop" for "shop/__init__.py".
std::string module_of(std::string file) {
  file.resize(file.size() - 3);
  if (file.ends_with("/__init__"))
    file.resize(file.size() - 9);
  std::ranges::replace(file, '/', '.');
  return file;
}

} // namespace

std::optional<python_project> python_project::read(const source_tree& tree) {
  python_project result{tree};
  bool found = false;
  for (const auto* file :
       {"requirements.txt", "pyproject.toml", "Pipfile", "setup.py", "setup.cfg", "manage.py"})
    if (const auto text = tree.text(file)) {
      found = true;
      result.dependencies_ += lower(*text) + "\n";
    }
  for (const auto& file :
       tree.has_folder("requirements") ? tree.names("requirements") : std::vector<std::string>{})
    result.dependencies_ += lower(tree.text("requirements/" + file).value_or("")) + "\n";
  for (const auto file : module_files)
    found = found || tree.has(file);
  return found ? std::optional{std::move(result)} : std::nullopt;
}

bool python_project::depends_on(std::string_view package) const {
  for (const auto whole : lines_of(dependencies_)) {
    const auto line = whole.substr(0, whole.find('#'));
    // "flask-cors" has flask in it, and is another package.
    if (has_word(line, package))
      return true;
  }
  return false;
}

std::optional<python_app> python_project::find_app(std::string_view type) const {
  struct candidate {
    std::string folder;
    std::string file;
  };
  std::vector<candidate> candidates;
  for (const auto file : module_files)
    candidates.push_back({"", std::string{file}});
  for (const auto& folder : tree_->names()) {
    if (!is_identifier(folder) || folder == "tests" || folder == "venv" || folder == "env"
        || !tree_->has_folder(folder))
      continue;
    const bool package = tree_->has(folder + "/__init__.py");
    if (package)
      candidates.push_back({"", folder + "/__init__.py"});
    for (const auto file : module_files)
      candidates.push_back(package || folder != "src"
                             ? candidate{"", folder + "/" + std::string{file}}
                             : candidate{folder, std::string{file}});
  }
  std::optional<python_app> factory;
  for (const auto& [folder, file] : candidates) {
    const auto path = folder.empty() ? file : folder + "/" + file;
    const auto text = tree_->text(path);
    if (!text || !has_word(*text, type))
      continue;
    int number = 0;
    for (const auto line : lines_of(*text)) {
      ++number;
      const auto where = path + ":" + std::to_string(number);
      if (auto name = assigned(line, type); !name.empty())
        return python_app{module_of(file), std::move(name), folder, where, false};
      for (const auto* maker : {"create_app", "make_app"})
        if (!factory && line.starts_with("def " + std::string{maker} + "("))
          factory = python_app{module_of(file), maker, folder, where, true};
    }
  }
  return factory;
}

std::optional<version_wish> python_project::wish(const app_config& config,
                                                 caf::error& problem) const {
  if (auto wanted = wish_of_config(config))
    return wanted;
  const auto understood = [&](std::string text, const std::string& where, auto parse) {
    std::optional<version_range> range = parse(text);
    if (!range)
      problem = unreadable_version(where, text, "3.11");
    return version_wish{std::move(text), where, range.value_or(version_range{})};
  };
  for (const std::string file : {".python-version", "runtime.txt"}) {
    const auto content = tree_->text(file).value_or("");
    int number = 0;
    for (const auto line : lines_of(content)) {
      ++number;
      auto text = trim(line.substr(0, line.find('#')));
      if (text.starts_with("python-"))
        text.remove_prefix(7);
      if (!text.empty())
        return understood(std::string{text}, file + ":" + std::to_string(number), parse_exact);
    }
  }
  struct place {
    std::string_view file, section, key;
  };
  for (const auto& x : {place{"pyproject.toml", "project", "requires-python"},
                        place{"pyproject.toml", "tool.poetry.dependencies", "python"},
                        place{"Pipfile", "requires", "python_full_version"},
                        place{"Pipfile", "requires", "python_version"}})
    if (const auto text = tree_->text(x.file))
      if (auto value = toml_find(*text, x.section, x.key))
        return understood(std::move(value->text),
                          std::string{x.file} + ":" + std::to_string(value->line),
                          parse_python_range);
  return std::nullopt;
}

/// Lists requirements.txt and what it includes; false when pip needs the whole source.
bool python_project::add_requirements(build_plan& plan) const {
  std::vector<std::string> open{"requirements.txt"};
  while (!open.empty()) {
    const auto file = open.back();
    open.pop_back();
    if (std::ranges::find(plan.manifests, file) != plan.manifests.end())
      continue;
    const auto text = tree_->text(file);
    if (!text || plan.manifests.size() > 20)
      return false;
    plan.manifests.push_back(file);
    for (auto line : lines_of(*text)) {
      line = trim(line);
      if (line.starts_with(".") || line.starts_with("-e") || line.starts_with("--editable")
          || line.find("file:") != line.npos)
        return false;
      for (const std::string_view option : {"--requirement", "--constraint", "-r", "-c"})
        if (line.starts_with(option)) {
          auto name = trim(line.substr(option.size()));
          if (name.starts_with('='))
            name.remove_prefix(1);
          const auto slash = file.rfind('/');
          const auto folder = slash == file.npos ? "" : file.substr(0, slash + 1);
          const bool plain = std::ranges::all_of(name, [](char c) {
            return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-'
                   || c == '.' || c == '/';
          });
          if (!plain || name.find("..") != name.npos)
            return false;
          open.push_back(folder + std::string{name});
          break;
        }
    }
  }
  return true;
}

void python_project::choose_install(build_plan& plan) const {
  plan.install.push_back("python3 -m venv /opt/venv");
  // The tool that reads a lock file gets an environment of its own, so that its dependencies never
  // meet the app's.
  const auto with_tool = [](std::string_view tool, std::string_view command) {
    return "python3 -m venv /opt/tool && /opt/tool/bin/pip install " + std::string{tool}
           + " && /opt/tool/bin/" + std::string{command} + " && rm -rf /opt/tool";
  };
  if (tree_->has("requirements.txt")) {
    plan.install.push_back("pip install -r requirements.txt");
    plan.why.push_back("Installs requirements.txt with pip.");
    if (!add_requirements(plan)) {
      plan.manifests.clear();
      plan.why.push_back("Copies all files before installing: requirements.txt names local files.");
    }
  } else if (tree_->has("uv.lock")) {
    plan.install.push_back("export UV_PROJECT_ENVIRONMENT=/opt/venv UV_PYTHON_DOWNLOADS=never"
                           " UV_NATIVE_TLS=1 && "
                           + with_tool("uv", "uv sync --frozen --no-dev --no-install-project"));
    plan.manifests = {"pyproject.toml", "uv.lock"};
    plan.why.push_back("Installs with uv because of uv.lock.");
  } else if (tree_->has("poetry.lock")) {
    plan.install.push_back("export VIRTUAL_ENV=/opt/venv && "
                           + with_tool("poetry", "poetry install --no-root --only main "
                                                 "--no-interaction"));
    plan.manifests = {"pyproject.toml", "poetry.lock"};
    plan.why.push_back("Installs with Poetry because of poetry.lock.");
  } else if (tree_->has("Pipfile.lock")) {
    plan.install.push_back(with_tool("pipenv", "pipenv requirements > /tmp/requirements.txt")
                           + " && pip install -r /tmp/requirements.txt");
    plan.manifests = {"Pipfile", "Pipfile.lock"};
    plan.why.push_back("Installs what Pipfile.lock lists with pip.");
  } else if (tree_->has("pyproject.toml") || tree_->has("setup.py")) {
    plan.install.push_back("pip install .");
    plan.why.push_back("Installs the project itself with pip; it needs all files for that.");
  } else {
    plan.why.push_back("There is no list of dependencies, so none are installed.");
  }
}

caf::expected<finding> python_project::plan(const detection_input& in, std::string framework,
                                            std::string recognised, std::string start,
                                            std::string_view server) const {
  caf::error problem;
  const auto wanted = wish(in.config, problem);
  if (problem)
    return problem;
  auto runtime = in.runtimes.choose("python", wanted);
  if (!runtime)
    return std::move(runtime.error());
  finding result;
  auto& plan = result.plan;
  plan.framework = std::move(framework);
  plan.runtime = runtime->name;
  plan.base_image = "python:" + runtime->line;
  plan.port = 8000;
  plan.why = {std::move(recognised), runtime->why};
  choose_install(plan);
  plan.start = in.own_start.empty() ? std::move(start) : in.own_start;
  if (in.own_start.empty() && !plan.start.empty())
    plan.why.push_back("Starts with `" + plan.start + "`.");
  // A start command of the user's may name the server too, as Procfiles do.
  const bool uses = !server.empty() && has_word(plan.start, server);
  if (uses && !depends_on(server)) {
    plan.install.push_back("pip install " + std::string{server});
    plan.why.push_back("Installs " + std::string{server}
                       + " in addition: a server for production is needed and the dependencies "
                         "name none.");
  }
  return result;
}

} // namespace backendim::inspection
