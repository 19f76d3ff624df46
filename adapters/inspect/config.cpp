#include "adapters/inspect/config.hpp"

#include "adapters/inspect/runtimes.hpp"
#include "adapters/inspect/yaml.hpp"
#include "protocol/json.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace backendim::inspection {

namespace {

constexpr size_t max_file = 64 * 1024;
constexpr uint32_t max_tasks = 20;
constexpr size_t max_name = 40;

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return is_lower(c) || (c >= 'A' && c <= 'Z') || c == '_';
}

/// What is wrong with a value that has the right type; the pointer is complete.
json_problem wrong(std::string pointer, std::string expected, std::string found,
                   std::string suggestion = "") {
  return decode_error{std::move(pointer), std::move(expected), std::move(found),
                      std::move(suggestion)};
}

std::string in_quotes(std::string_view text) {
  return "\"" + std::string{text.substr(0, 80)} + "\"";
}

json_problem check_name(const std::string& name) {
  const bool fits
    = !name.empty() && name.size() <= max_name && is_lower(name[0])
      && std::ranges::all_of(name, [](char c) { return is_lower(c) || is_digit(c) || c == '-'; });
  if (fits)
    return {};
  std::string close;
  for (const char c : name) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    const bool kept = is_lower(lower) || (!close.empty() && is_digit(lower));
    if (kept)
      close += lower;
    else if (!close.empty() && close.back() != '-')
      close += '-';
  }
  close = close.substr(0, max_name);
  while (close.ends_with('-'))
    close.pop_back();
  return wrong("/name", "a lower-case letter, then at most 39 of a-z, 0-9 and -", in_quotes(name),
               close);
}

json_problem check_runtime(const std::string& runtime) {
  const auto split = split_runtime(runtime);
  auto problem = unknown_word(split.language, known_languages());
  if (std::ranges::find(known_languages(), split.language) == known_languages().end()) {
    auto close = problem->suggestion;
    if (!close.empty() && !split.version.empty())
      close += "@" + split.version;
    return wrong("/runtime", "language@version with a language " + problem->expected,
                 in_quotes(runtime), close);
  }
  const bool bare = runtime.find('@') == runtime.npos;
  if (bare || parse_line(split.version))
    return {};
  return wrong("/runtime", "language@version, like node@20 or python@3.11", in_quotes(runtime));
}

json_problem check_env(const app_config& config) {
  if (!config.env)
    return {};
  for (const auto& [key, value] : *config.env) {
    const bool fits = !key.empty() && is_letter(key[0]) && std::ranges::all_of(key, [](char c) {
      return is_letter(c) || is_digit(c);
    });
    if (!fits)
      return wrong(child_pointer("/env", key), "a name of letters, digits and _, no digit first",
                   "key " + in_quotes(key));
    if (key == "PORT" && config.port && value != std::to_string(*config.port))
      return wrong("/env/PORT", "the same as \"port\", or no PORT at all: \"port\" sets it",
                   "another number");
  }
  return {};
}

json_problem check_command(const std::string& pointer, const caf::optional<std::string>& command) {
  if (command && command->find_first_not_of(" \t\n") == command->npos)
    return wrong(pointer, "a shell command", "an empty text");
  return {};
}

json_problem check_health(const app_config& config) {
  if (!config.health_check)
    return {};
  const auto& path = *config.health_check;
  if (path.starts_with('/') && path.find_first_of(" \t\n#\"\\") == path.npos)
    return {};
  auto close = path.find_first_of(" \t\n#\"\\:") == path.npos ? "/" + path : std::string{};
  return wrong("/health_check", "a path that begins with / and has no spaces", in_quotes(path),
               close);
}

json_problem check_scaling(const app_config& config) {
  if (!config.scaling)
    return {};
  const auto& x = *config.scaling;
  const auto range = "a number from 1 to " + std::to_string(max_tasks);
  if (x.min && (*x.min < 1 || *x.min > max_tasks))
    return wrong("/scaling/min", range, std::to_string(*x.min));
  if (x.max && (*x.max < 1 || *x.max > max_tasks))
    return wrong("/scaling/max", range, std::to_string(*x.max));
  if (x.max && *x.max < x.min.value_or(1))
    return wrong("/scaling/max", "at least min, which is " + std::to_string(x.min.value_or(1)),
                 std::to_string(*x.max));
  if (x.cpu_threshold && (*x.cpu_threshold < 1 || *x.cpu_threshold > 100))
    return wrong("/scaling/cpu_threshold", "a percentage from 1 to 100",
                 std::to_string(*x.cpu_threshold));
  return {};
}

json_problem check(const app_config& config) {
  json_problem problem;
  if (config.name)
    problem = check_name(*config.name);
  if (!problem && config.runtime)
    problem = check_runtime(*config.runtime);
  if (!problem && config.port && *config.port == 0)
    problem = wrong("/port", "integer from 1 to 65535", "0");
  if (!problem)
    problem = check_env(config);
  if (!problem && config.build)
    problem = check_command("/build/command", config.build->command);
  if (!problem)
    problem = check_command("/start", config.start);
  if (!problem)
    problem = check_health(config);
  if (!problem)
    problem = check_scaling(config);
  return problem;
}

/// The place of *pointer* or of the closest thing around it that has one.
position place_in(const std::map<std::string, position>& places, std::string pointer) {
  while (true) {
    if (const auto found = places.find(pointer); found != places.end())
      return found->second;
    const auto slash = pointer.rfind('/');
    if (slash == pointer.npos)
      return {};
    pointer.resize(slash);
  }
}

std::string dotted(const std::string& pointer) {
  std::string result = pointer.empty() ? "" : pointer.substr(1);
  std::ranges::replace(result, '/', '.');
  return result;
}

caf::error invalid(const std::string& file, position at, const std::string& text,
                   std::string next) {
  const auto place = file + ":" + std::to_string(at.line) + ":" + std::to_string(at.column) + ": ";
  return make_failure(
    ec::invalid_request,
    {cause::config_invalid, file + " does not fit.", {place + text}, std::move(next)});
}

caf::error explain(const decode_error& x, const yaml_document& document, const std::string& file) {
  const auto last
    = x.pointer.substr(x.pointer.rfind('/') == x.pointer.npos ? 0 : x.pointer.rfind('/') + 1);
  const bool unknown_key = x.expected.starts_with("one of") && x.found == last;
  const bool bad_key = x.found.starts_with("key ");
  const auto at = place_in(unknown_key || bad_key ? document.keys : document.values, x.pointer);
  const auto name = x.pointer.empty() ? "the file" : dotted(x.pointer);
  auto next = x.suggestion.empty() ? "Write " + name + " as " + x.expected + "."
                                   : "did you mean \"" + x.suggestion + "\"?";
  if (unknown_key) {
    if (x.suggestion.empty())
      next = "Remove it, or use " + x.expected + ".";
    return invalid(file, at, "unknown key \"" + x.found + "\": expected " + x.expected, next);
  }
  if (x.found == "null")
    next = "Give " + name + " a value, or remove the line; an empty text is \"\".";
  return invalid(file, at, name + ": expected " + x.expected + ", found " + x.found, next);
}

/// A plain number or boolean under env means its text, exactly as written.
void keep_env_text(yaml_document& document) {
  auto* root = document.root.if_object();
  auto* env = root != nullptr && root->contains("env") ? root->at("env").if_object() : nullptr;
  if (env == nullptr)
    return;
  for (auto& item : *env) {
    const auto written = document.plain.find(child_pointer("/env", item.key()));
    if (written != document.plain.end() && !item.value().is_null())
      item.value() = json::string{written->second};
    else if (item.value().is_bool() || item.value().is_number()) // came through an alias
      item.value() = json::string{json::serialize(item.value())};
  }
}

} // namespace

caf::expected<app_config> parse_config(std::string_view text, const std::string& file) {
  if (text.size() > max_file)
    return invalid(file, {}, "the file has more than 64 KiB",
                   "Keep settings only; large values belong into files of the app.");
  if (text.starts_with("\xef\xbb\xbf"))
    text.remove_prefix(3);
  yaml_document document;
  if (auto problem = parse_yaml(text, document))
    return invalid(file, problem->at, problem->message, problem->next);
  if (document.root.is_null())
    return app_config{};
  keep_env_text(document);
  auto config = from_json<app_config>(document.root);
  if (!config)
    return explain(config.error().context().get_as<decode_error>(0), document, file);
  if (auto problem = check(*config))
    return explain(*problem, document, file);
  return config;
}

} // namespace backendim::inspection
