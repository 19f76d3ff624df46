#include "adapters/inspect/config.hpp"

#include "adapters/inspect/runtimes.hpp"
#include "adapters/inspect/yaml.hpp"
#include "protocol/config_problem.hpp"
#include "protocol/json.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace backendim::inspection {

namespace {

constexpr size_t max_file = 64 * 1024;

/// What is wrong with a value that has the right type; the pointer is complete.
json_problem wrong(std::string pointer, std::string expected, std::string found,
                   std::string suggestion = "") {
  return decode_error{std::move(pointer), std::move(expected), std::move(found),
                      std::move(suggestion)};
}

std::string in_quotes(std::string_view text) {
  return "\"" + std::string{text.substr(0, 80)} + "\"";
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

/// A plain number or boolean means its text, exactly as written.
void keep_text(const yaml_document& document, const std::string& pointer, json::value& x) {
  const auto written = document.plain.find(pointer);
  if (written != document.plain.end() && !x.is_null())
    x = json::string{written->second};
  else if (x.is_bool() || x.is_number()) // came through an alias
    x = json::string{json::serialize(x)};
}

/// Under env all is text, and so are sizes, shares and times, which may be plain numbers.
void keep_texts(yaml_document& document) {
  auto* root = document.root.if_object();
  if (root == nullptr)
    return;
  const auto object_at = [&](const char* key) {
    auto* found = root->if_contains(key);
    return found == nullptr ? nullptr : found->if_object();
  };
  if (auto* env = object_at("env"))
    for (auto& item : *env)
      keep_text(document, child_pointer("/env", item.key()), item.value());
  if (auto* edge = object_at("edge"))
    if (auto* size = edge->if_contains("max_body"))
      keep_text(document, "/edge/max_body", *size);
  auto* deploy = object_at("deploy");
  auto* canary = deploy == nullptr ? nullptr : deploy->if_contains("canary");
  if (canary == nullptr || !canary->is_object())
    return;
  for (const auto* key : {"weight", "duration", "max_error_rate", "promote_deadline"})
    if (auto* text = canary->get_object().if_contains(key))
      keep_text(document, child_pointer("/deploy/canary", key), *text);
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
  keep_texts(document);
  auto config = from_json<app_config>(document.root);
  if (!config)
    return explain(config.error().context().get_as<decode_error>(0), document, file);
  auto problem = problem_in(*config);
  if (!problem && config->runtime)
    problem = check_runtime(*config->runtime);
  if (problem)
    return explain(*problem, document, file);
  return config;
}

} // namespace backendim::inspection
