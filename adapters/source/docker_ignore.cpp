#include "adapters/source/docker_ignore.hpp"

#include <fnmatch.h>

#include <fstream>
#include <utility>

namespace backendim::source {

namespace fs = std::filesystem;

namespace {

std::vector<std::string> parts_of(const fs::path& path) {
  std::vector<std::string> result;
  for (const auto& part : path.lexically_normal())
    if (!part.empty() && part != "." && part != "/")
      result.push_back(part.string());
  return result;
}

} // namespace

docker_ignore::docker_ignore(const fs::path& file) {
  std::ifstream in{file};
  for (std::string line; std::getline(in, line);) {
    const auto begin = line.find_first_not_of(" \t\r");
    if (begin == line.npos || line[0] == '#')
      continue;
    line = line.substr(begin, line.find_last_not_of(" \t\r") + 1 - begin);
    pattern x;
    x.negated = line.front() == '!';
    x.path = parts_of(line.substr(x.negated ? 1 : 0));
    if (!x.path.empty())
      patterns_.push_back(std::move(x));
  }
}

bool docker_ignore::leaves_out(const std::string& path) const {
  const auto whole = parts_of(path);
  bool result = false;
  for (const auto& x : patterns_)
    for (size_t end = whole.size(); end > 0; --end)
      if (fits(x.path, 0, whole, 0, end)) {
        result = !x.negated;
        break;
      }
  return result;
}

bool docker_ignore::fits(const parts& pattern, size_t at, const parts& path, size_t from,
                         size_t end) {
  if (at == pattern.size())
    return from == end;
  if (pattern[at] == "**") {
    const bool last = at + 1 == pattern.size();
    for (size_t next = from + (last ? 1 : 0); next <= end; ++next)
      if (fits(pattern, at + 1, path, next, end))
        return true;
    return false;
  }
  return from < end && ::fnmatch(pattern[at].c_str(), path[from].c_str(), 0) == 0
         && fits(pattern, at + 1, path, from + 1, end);
}

} // namespace backendim::source
