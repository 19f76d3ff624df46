#include "adapters/buildah/base_references.hpp"

#include <algorithm>
#include <cctype>
#include <map>
#include <sstream>

namespace backendim::buildah {

namespace {

std::string lower(std::string x) {
  std::ranges::transform(x, x.begin(), [](unsigned char c) { return std::tolower(c); });
  return x;
}

/// Instructions with their continued lines joined, without comments.
std::vector<std::string> instructions(std::string_view text) {
  std::vector<std::string> result;
  if (text.starts_with("\xef\xbb\xbf")) // a byte order mark
    text.remove_prefix(3);
  std::istringstream in{std::string{text}};
  bool goes_on = false;
  for (std::string line; std::getline(in, line);) {
    const auto begin = line.find_first_not_of(" \t\r");
    if (begin == line.npos || line[begin] == '#')
      continue;
    auto part = line.substr(begin, line.find_last_not_of(" \t\r") + 1 - begin);
    const bool continued = part.back() == '\\';
    if (continued)
      part.pop_back();
    if (goes_on)
      result.back() += " " + part;
    else
      result.push_back(part);
    goes_on = continued;
  }
  return result;
}

std::vector<std::string> words(const std::string& line) {
  std::istringstream in{line};
  std::vector<std::string> result;
  for (std::string word; in >> word;)
    result.push_back(word);
  return result;
}

std::string unquoted(std::string x) {
  std::erase_if(x, [](char c) { return c == '"' || c == '\''; });
  return x;
}

std::string with_values(const std::string& text, const std::map<std::string, std::string>& values) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '$' || i + 1 == text.size()) {
      result += text[i];
      continue;
    }
    const bool braced = text[i + 1] == '{';
    size_t begin = i + (braced ? 2 : 1), end = begin;
    while (end < text.size()
           && (std::isalnum(static_cast<unsigned char>(text[end])) || text[end] == '_'))
      ++end;
    const auto found = values.find(text.substr(begin, end - begin));
    std::string value = found == values.end() ? "" : found->second;
    if (braced) {
      const auto close = std::min(text.find('}', end), text.size());
      const auto rest = text.substr(end, close - end);
      if (value.empty() ? rest.starts_with(":-") : rest.starts_with(":+"))
        value = rest.substr(2);
      end = close;
    } else {
      --end;
    }
    result += value;
    i = end;
  }
  return result;
}

/// What follows from= in the options of a mount; empty: nothing.
std::string mount_source(const std::string& options) {
  std::istringstream in{options};
  for (std::string option; std::getline(in, option, ',');)
    if (option.starts_with("from="))
      return option.substr(5);
  return "";
}

} // namespace

std::vector<std::string> base_references(std::string_view containerfile) {
  std::vector<std::string> result, stages{"scratch"};
  std::map<std::string, std::string> defaults;
  bool in_stage = false;
  const auto add = [&](const std::string& image) {
    const bool number = !image.empty() && std::ranges::all_of(image, [](unsigned char c) {
      return std::isdigit(c);
    });
    if (!image.empty() && !number && std::ranges::find(stages, lower(image)) == stages.end()
        && std::ranges::find(result, image) == result.end())
      result.push_back(image);
  };
  for (const auto& line : instructions(containerfile)) {
    const auto parts = words(line);
    if (parts.empty())
      continue; // nothing but a backslash
    const auto name = lower(parts[0]);
    if (name == "arg" && !in_stage) {
      for (size_t i = 1; i < parts.size(); ++i)
        if (const auto equals = parts[i].find('='); equals != parts[i].npos)
          defaults[parts[i].substr(0, equals)]
            = with_values(unquoted(parts[i].substr(equals + 1)), defaults);
    } else if (name == "from") {
      in_stage = true;
      size_t i = 1;
      while (i < parts.size() && parts[i].starts_with("--"))
        ++i;
      if (i < parts.size())
        add(with_values(unquoted(parts[i]), defaults));
      if (i + 2 < parts.size() && lower(parts[i + 1]) == "as")
        stages.push_back(lower(parts[i + 2]));
    } else if (name == "copy" || name == "run") {
      for (const auto& part : parts) {
        if (name == "copy" && part.starts_with("--from="))
          add(with_values(part.substr(7), defaults));
        if (name == "run" && part.starts_with("--mount="))
          add(mount_source(part.substr(8)));
      }
    }
  }
  return result;
}

bool is_official(const std::string& reference, std::string& short_name) {
  auto name = reference;
  for (const std::string prefix : {"docker.io/", "index.docker.io/", "library/"})
    if (name.starts_with(prefix))
      name.erase(0, prefix.size());
  if (name.find('/') != name.npos)
    return false;
  if (name.find(':') == name.npos && name.find('@') == name.npos)
    name += ":latest";
  short_name = name;
  return true;
}

image_origin origin_of(const std::string& reference, const std::string& registry,
                       const std::string& tenant) {
  if (std::string name; is_official(reference, name))
    return image_origin::own; // registries.conf leads there
  const auto slash = reference.find('/');
  if (reference.substr(0, slash) != registry)
    return image_origin::elsewhere;
  const auto path = std::string_view{reference}.substr(slash + 1);
  return path.starts_with("library/") || path.starts_with(tenant + "/") ? image_origin::own
                                                                        : image_origin::forbidden;
}

} // namespace backendim::buildah
