#include "adapters/inspect/config.hpp"

#include "adapters/inspect/yaml.hpp"
#include "protocol/config_problem.hpp"
#include "protocol/json.hpp"
#include "protocol/runtime_name.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace backendim::inspection {

namespace {

constexpr size_t max_file = 64 * 1024;

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

/// What the codec calls by JSON's names, in YAML's words.
std::string wanted(const decode_error& x) {
  if (x.expected == "object")
    return x.pointer == "/env" ? "a mapping or a list of NAME=value" : "a mapping";
  if (x.expected == "array")
    return "a list";
  return x.expected == "string" ? "text" : x.expected;
}

std::string found_instead(const decode_error& x, const yaml_document& document) {
  if (const auto written = document.plain.find(x.pointer); written != document.plain.end())
    return written->second.empty() ? "nothing" : written->second;
  json::error_code absent;
  const auto* value = document.root.find_pointer(x.pointer, absent);
  if (value == nullptr || x.found != json::to_string(value->kind()))
    return x.found;
  return value->is_object() ? "a mapping" : value->is_array() ? "a list" : "text";
}

caf::error explain(const decode_error& x, const yaml_document& document, const std::string& file) {
  const auto last
    = x.pointer.substr(x.pointer.rfind('/') == x.pointer.npos ? 0 : x.pointer.rfind('/') + 1);
  const auto expected = wanted(x);
  const auto name = x.pointer.empty() ? "the file" : dotted(x.pointer);
  auto next = x.suggestion.empty() ? "Write " + name + " as " + expected + "."
                                   : "did you mean \"" + x.suggestion + "\"?";
  if (x.expected.starts_with("one of") && x.found == last) {
    if (x.suggestion.empty())
      next = "Remove it, or use " + expected + ".";
    return invalid(file, place_in(document.keys, x.pointer),
                   "unknown key \"" + x.found + "\": expected " + expected, next);
  }
  const bool bad_key = x.found.starts_with("key ");
  const auto found = bad_key ? x.found : found_instead(x, document);
  if (const auto written = document.plain.find(x.pointer);
      written != document.plain.end() && written->second.empty())
    next = "Give " + name + " a value, or remove the line; an empty text is \"\".";
  return invalid(file, place_in(bad_key ? document.keys : document.values, x.pointer),
                 name + ": expected " + expected + ", found " + found, next);
}

/// Makes a mapping of `env` when that is a list of NAME=value.
caf::error name_variables(yaml_document& document, const std::string& file) {
  auto* root = document.root.if_object();
  auto* env = root == nullptr ? nullptr : root->if_contains("env");
  if (env == nullptr || !env->is_array())
    return {};
  json::object named;
  for (size_t i = 0; i < env->get_array().size(); ++i) {
    const auto& item = env->get_array()[i];
    const auto pointer = "/env/" + std::to_string(i);
    const auto equals = item.is_string() ? item.get_string().find('=') : std::string_view::npos;
    if (equals == std::string_view::npos)
      return explain({pointer, "NAME=value",
                      item.is_string() ? "a text without =" : std::string{to_string(item.kind())},
                      ""},
                     document, file);
    const std::string_view text = item.get_string();
    const auto variable = child_pointer("/env", text.substr(0, equals));
    const auto at = place_in(document.values, pointer);
    if (!named.emplace(text.substr(0, equals), text.substr(equals + 1)).second)
      return invalid(file, at,
                     dotted(variable) + " appears twice, first on line "
                       + std::to_string(document.keys.at(variable).line),
                     "Remove one of the two.");
    document.keys[variable] = at;
    document.values[variable] = at;
  }
  *env = std::move(named);
  return {};
}

/// A plain number or boolean means its text, exactly as written.
void keep_text(const yaml_document& document, const std::string& pointer, json::value& x) {
  const auto written = document.plain.find(pointer);
  if (written != document.plain.end() && !x.is_null())
    x = json::string{written->second};
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

/// No setting is a fraction, and 3e3 is none for a port. JSON has one kind of number, so its codec
/// takes 3000.0 for 3000: what is still a fraction becomes what fits nowhere.
void drop_fractions(yaml_document& document) {
  json::error_code absent;
  for (const auto& [pointer, text] : document.plain)
    if (auto* value = document.root.find_pointer(pointer, absent); value && value->is_double())
      *value = nullptr;
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
  if (auto problem = name_variables(document, file))
    return problem;
  keep_texts(document);
  drop_fractions(document);
  auto config = from_json<app_config>(document.root);
  if (!config)
    return explain(config.error().context().get_as<decode_error>(0), document, file);
  if (const auto problem = problem_in(*config))
    return explain(*problem, document, file);
  if (config->runtime)
    config->runtime = plain_runtime(*config->runtime);
  return config;
}

} // namespace backendim::inspection
