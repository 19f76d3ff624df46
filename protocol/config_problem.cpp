#include "protocol/config_problem.hpp"

#include "protocol/app_name.hpp"
#include "protocol/bounds.hpp"
#include "protocol/canary.hpp"
#include "protocol/plain_text.hpp"
#include "protocol/runtime_name.hpp"
#include "protocol/secret_use.hpp"
#include "protocol/writable.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

namespace backendim {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/// What is wrong with a value that has the right type; the pointer is complete.
json_problem wrong(std::string pointer, std::string expected, std::string found,
                   std::string suggestion = "") {
  return decode_error{std::move(pointer), std::move(expected), std::move(found),
                      std::move(suggestion)};
}

json_problem check_name(const std::string& name) {
  if (is_name(name))
    return {};
  return wrong(
    "/name", "a DNS label: a lower-case letter, then at most 39 of a-z, 0-9 and -, no - at the end",
    in_quotes(name), valid_name(name));
}

bool is_port(std::string_view text) {
  uint16_t number = 0;
  const auto* end = text.data() + text.size();
  const auto [rest, failed] = std::from_chars(text.data(), end, number);
  return failed == std::errc{} && rest == end && number != 0;
}

/// No process can be given one.
bool holds_zero(std::string_view text) {
  return text.find('\0') != text.npos;
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
    if (holds_zero(value))
      return wrong(child_pointer("/env", key), "a text without the character zero", "one with it");
    if (!secrets_in(value))
      return wrong(child_pointer("/env", key), "${SECRET:NAME} where it mentions a secret",
                   "a mention without a name");
    if (key == "PORT" && !is_port(value))
      return wrong("/env/PORT", "a port from 1 to 65535", "another text");
    if (key == "PORT" && config.port && value != std::to_string(*config.port))
      return wrong("/env/PORT", "the same as \"port\", or no PORT at all: \"port\" sets it",
                   "another number");
  }
  return {};
}

json_problem check_secrets(const std::string& pointer,
                           const caf::optional<std::vector<std::string>>& names) {
  if (names)
    for (size_t i = 0; i < names->size(); ++i)
      if (!is_secret_name((*names)[i]))
        return wrong(pointer + "/" + std::to_string(i),
                     "a name of letters, digits and _, no digit first", in_quotes((*names)[i]));
  return {};
}

json_problem check_command(const std::string& pointer, const caf::optional<std::string>& command) {
  if (command && command->find_first_not_of(" \t\n") == command->npos)
    return wrong(pointer, "a shell command", "an empty text");
  if (command && holds_zero(*command))
    return wrong(pointer, "a shell command", "a text with the character zero");
  return {};
}

json_problem check_health(const app_config& config) {
  if (!config.health_check)
    return {};
  const auto& path = *config.health_check;
  if (path.starts_with('/') && path.find_first_of(" \t\n#\"\\") == path.npos
      && plain_text(path) == path)
    return {};
  auto close = path.find_first_of(" \t\n#\"\\:") == path.npos ? "/" + path : std::string{};
  return wrong("/health_check", "a path that begins with / and has no spaces", in_quotes(path),
               close);
}

json_problem check_scaling(const app_config& config) {
  if (!config.scaling)
    return {};
  const auto& x = *config.scaling;
  if (x.max && *x.max < x.min.value_or(1))
    return wrong("/scaling/max", "at least min, which is " + std::to_string(x.min.value_or(1)),
                 std::to_string(*x.max));
  return {};
}

json_problem check_deploy(const app_config& config) {
  if (!config.deploy)
    return {};
  const auto& x = *config.deploy;
  const auto least = x.min_healthy_time.value_or(0) + 1;
  if (x.healthy_deadline && *x.healthy_deadline < least)
    return wrong("/deploy/healthy_deadline",
                 "more seconds than min_healthy_time, at least " + std::to_string(least),
                 std::to_string(*x.healthy_deadline));
  auto problem = check_command("/deploy/release_command", x.release_command);
  if (problem)
    return problem;
  problem = problem_in_strategy(x);
  if (problem)
    problem->pointer.insert(0, "/deploy");
  return problem;
}

json_problem check_writable(const app_config& config) {
  auto problem = config.writable ? problem_in_writable(*config.writable) : json_problem{};
  if (problem)
    problem->pointer.insert(0, "/writable");
  return problem;
}

json_problem check_edge(const app_config& config) {
  auto problem = config.edge ? problem_in(*config.edge) : json_problem{};
  if (problem)
    problem->pointer.insert(0, "/edge");
  return problem;
}

} // namespace

json_problem problem_in(const app_config& config) {
  auto problem = problem_in_numbers(config);
  if (!problem && config.name)
    problem = check_name(*config.name);
  if (!problem && config.runtime)
    problem = inside("runtime", problem_in_runtime(*config.runtime));
  if (!problem)
    problem = check_env(config);
  if (!problem && config.build)
    problem = check_command("/build/command", config.build->command);
  if (!problem && config.build)
    problem = check_secrets("/build/secrets", config.build->secrets);
  if (!problem)
    problem = check_command("/start", config.start);
  if (!problem)
    problem = check_health(config);
  if (!problem)
    problem = check_scaling(config);
  if (!problem)
    problem = check_deploy(config);
  if (!problem)
    problem = check_secrets("/secrets", config.secrets);
  if (!problem)
    problem = check_edge(config);
  if (!problem)
    problem = check_writable(config);
  return problem;
}

} // namespace backendim
