#include "protocol/secret_use.hpp"

#include <algorithm>
#include <map>

namespace backendim {

namespace {

constexpr std::string_view opening = "${SECRET:";
constexpr size_t max_name = 64;

/// Calls *plain* and *mention* for the parts of *text* in order. False: a mention is malformed.
template <class Plain, class Mention>
bool walk(std::string_view text, Plain plain, Mention mention) {
  for (size_t at = 0; at < text.size();) {
    const auto begin = text.find(opening, at);
    plain(text.substr(at, begin == text.npos ? text.npos : begin - at));
    if (begin == text.npos)
      return true;
    const auto end = text.find('}', begin);
    if (end == text.npos)
      return false;
    const auto name = text.substr(begin + opening.size(), end - begin - opening.size());
    if (!is_secret_name(name))
      return false;
    mention(std::string{name});
    at = end + 1;
  }
  return true;
}

} // namespace

bool is_secret_name(std::string_view x) {
  const auto letter
    = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !x.empty() && x.size() <= max_name && letter(x[0])
         && std::ranges::all_of(x, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

std::optional<std::vector<std::string>> secrets_in(std::string_view text) {
  std::vector<std::string> names;
  const auto add = [&](std::string name) { names.push_back(std::move(name)); };
  if (!walk(
        text, [](std::string_view) {}, add))
    return std::nullopt;
  return names;
}

std::string with_secrets(std::string_view text,
                         const std::function<std::string(const std::string&)>& value_of) {
  std::string result;
  if (!walk(
        text, [&](std::string_view part) { result += part; },
        [&](const std::string& name) { result += value_of(name); }))
    return std::string{text};
  return result;
}

std::vector<std::string> secrets_of(const app_config& config) {
  std::vector<std::string> names;
  const auto add = [&](const std::vector<std::string>& more) {
    for (const auto& name : more)
      if (std::ranges::find(names, name) == names.end())
        names.push_back(name);
  };
  if (config.secrets)
    add(*config.secrets);
  if (config.build && config.build->secrets)
    add(*config.build->secrets);
  const auto add_mentions = [&](const std::map<std::string, std::string>& texts) {
    for (const auto& [key, text] : texts)
      add(secrets_in(text).value_or(std::vector<std::string>{}));
  };
  if (config.env)
    add_mentions(*config.env);
  if (config.edge && config.edge->basic_auth)
    add_mentions(*config.edge->basic_auth);
  return names;
}

std::vector<sealed_secret> used_secrets(const app_config& config,
                                        const std::vector<sealed_secret>& known) {
  const auto names = secrets_of(config);
  std::vector<sealed_secret> result;
  std::ranges::copy_if(known, std::back_inserter(result), [&](const sealed_secret& x) {
    return std::ranges::find(names, x.name) != names.end();
  });
  return result;
}

std::string missing_secret(const app_config& config, const std::vector<sealed_secret>& known) {
  for (const auto& name : secrets_of(config))
    if (std::ranges::find(known, name, &sealed_secret::name) == known.end())
      return name;
  return {};
}

} // namespace backendim
