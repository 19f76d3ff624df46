#include "adapters/inspect/containerfile.hpp"

#include "adapters/inspect/runtimes.hpp"
#include "adapters/inspect/source_tree.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <string_view>
#include <vector>

namespace backendim::inspection {

namespace {

constexpr std::string_view system_path
  = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What the stage of a language needs besides its plan.
struct stage_style {
  std::vector<std::string_view> build_env; ///< From the first step on.
  std::vector<std::string_view> run_env;   ///< For the app only.
  std::vector<std::string_view> caches;    ///< Kept between builds of one tenant.
  bool compiled = false;                   ///< The toolchain stays out of the final image.
};

stage_style style_of(const build_plan& plan) {
  const auto language = split_runtime(plan.runtime).language;
  if (language == "node")
    return {{"PATH=/app/node_modules/.bin:", "NEXT_TELEMETRY_DISABLED=1"},
            {"NODE_ENV=production"},
            {"/root/.npm"},
            false};
  if (language == "python")
    return {{"PATH=/opt/venv/bin:", "PYTHONUNBUFFERED=1", "PIP_DISABLE_PIP_VERSION_CHECK=1",
             "PIP_ROOT_USER_ACTION=ignore"},
            {"PYTHONDONTWRITEBYTECODE=1"},
            {"/root/.cache/pip"},
            false};
  if (language == "go")
    return {{"PATH=/usr/local/go/bin:", "GOPATH=/go", "GOCACHE=/root/.cache/go-build"},
            {},
            {"/go/pkg/mod", "/root/.cache/go-build"},
            true};
  if (language == "rust")
    return {{"PATH=/usr/local/cargo/bin:", "CARGO_HOME=/root/.cargo"},
            {},
            {"/root/.cargo/registry"},
            true};
  return {};
}

/// A JSON array that holds no character with a meaning to the reader of a Containerfile: "<" could
/// begin a here-document, a newline an instruction.
std::string json_form(const std::vector<std::string>& words) {
  boost::json::array array;
  for (const auto& word : words)
    array.emplace_back(word);
  std::string result;
  for (const char c : boost::json::serialize(array))
    result += c == '<' ? "\\u003c" : std::string{c};
  return result;
}

/// COPY replaces variables and patterns in names, so only names without either are taken.
bool is_plain_name(std::string_view name) {
  return !name.empty() && name.find("..") == name.npos && name[0] != '/'
         && name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                   "0123456789._/@+ -")
              == name.npos;
}

void add_env(std::string& out, const std::vector<std::string_view>& settings) {
  for (const auto setting : settings) {
    out += "ENV " + std::string{setting};
    if (setting.starts_with("PATH="))
      out += system_path;
    out += "\n";
  }
}

/// Secrets are variables too while a command runs: package managers read tokens from those.
void add_runs(std::string& out, const std::vector<std::string>& commands,
              const std::vector<std::string_view>& caches,
              const std::vector<std::string>& secrets) {
  std::string exports;
  for (const auto& name : secrets)
    exports += name + "=\"$(cat /run/secrets/" + name + ")\"; export " + name + "; ";
  for (const auto& command : commands) {
    out += "RUN ";
    for (const auto& name : secrets)
      out += "--mount=type=secret,id=" + name + ",target=/run/secrets/" + name + " ";
    for (const auto cache : caches)
      out += "--mount=type=cache,target=" + std::string{cache} + " ";
    out += json_form({"/bin/sh", "-ec", exports + command}) + "\n";
  }
}

void add_copies(std::string& out, const std::vector<std::string>& files) {
  // All files of one folder in one step; COPY would flatten those of several.
  std::vector<std::string> folders;
  const auto folder_of = [](const std::string& file) {
    const auto slash = file.rfind('/');
    return slash == file.npos ? std::string{"./"} : "./" + file.substr(0, slash + 1);
  };
  for (const auto& file : files)
    if (std::ranges::find(folders, folder_of(file)) == folders.end())
      folders.push_back(folder_of(file));
  for (const auto& folder : folders) {
    std::vector<std::string> words;
    for (const auto& file : files)
      if (folder_of(file) == folder)
        words.push_back(file);
    words.push_back(folder);
    out += "COPY " + json_form(words) + "\n";
  }
}

/// With "exec" the app itself gets the signals; only a single plain command can have it.
std::string shell_line(const std::string& start) {
  static constexpr std::string_view builtins[]
    = {"cd",     "export", "exec",   "set",   "if",   "for",  "while", "test", "eval",
       "ulimit", "umask",  "source", "unset", "trap", "wait", "until", "case"};
  const auto first = std::string_view{start}.substr(0, start.find_first_of(" \t"));
  const bool simple = start.find_first_of(";&|<>()`\n\r#!*?[]~\\") == start.npos
                      && first.find('=') == first.npos && !start.starts_with(' ')
                      && !start.starts_with('{')
                      && std::ranges::find(builtins, first) == std::end(builtins);
  return simple ? "exec " + start : start;
}

} // namespace

std::string render_containerfile(const build_plan& plan) {
  if (plan.containerfile)
    return "";
  const auto style = style_of(plan);
  std::string out = "FROM " + plan.base_image + (style.compiled ? " AS build" : "") + "\n";
  out += "WORKDIR /app\n";
  add_env(out, style.build_env);

  // Dependencies change rarely: their layers come first and depend on manifests only.
  const bool split = !plan.manifests.empty() && std::ranges::all_of(plan.manifests, is_plain_name);
  if (split)
    add_copies(out, plan.manifests);
  else
    out += "COPY --chown=1000:1000 . .\n";
  add_runs(out, plan.install, style.caches, plan.secrets);
  if (split)
    out += "COPY --chown=1000:1000 . .\n";
  add_runs(out, plan.build, style.caches, plan.secrets);

  // A program that needs neither a shell nor a C library gets neither.
  const bool bare = plan.start == "/app/.bin/app" && split_runtime(plan.runtime).language == "go";
  if (style.compiled)
    out += std::string{"\nFROM "} + (bare ? "static:12" : "runtime:12")
           + "\nWORKDIR /app\nCOPY --from=build --chown=1000:1000 /app /app\n";
  add_env(out, style.run_env);
  out += "ENV HOME=/tmp\nENV PORT=" + std::to_string(plan.port) + "\n";
  out += "USER 1000:1000\nEXPOSE " + std::to_string(plan.port) + "\n";
  const auto command = bare ? std::vector<std::string>{plan.start}
                            : std::vector<std::string>{"/bin/sh", "-c", shell_line(plan.start)};
  out += "CMD " + json_form(command) + "\n";
  return out;
}

} // namespace backendim::inspection
