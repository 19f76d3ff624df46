#include "adapters/source/entry_rules.hpp"

#include <algorithm>

namespace backendim::source {

namespace fs = std::filesystem;

namespace {

constexpr size_t max_path = 2'000; // half of what the system takes leaves room for our folders

} // namespace

std::string name_trouble(const std::string& path) {
  if (path.empty())
    return "has no name";
  if (std::ranges::any_of(path, [](char c) { return static_cast<unsigned char>(c) < ' '; }))
    return "has a control character in its name";
  if (path.front() == '/')
    return "has an absolute path";
  if (path.size() > max_path)
    return "has a path of more than " + std::to_string(max_path) + " bytes";
  for (const auto& part : fs::path{path})
    if (part == "..")
      return "leaves the source folder with ..";
  return "";
}

std::string link_trouble(const fs::path& path, const std::string& target) {
  if (target.empty() || target.front() == '/')
    return "is a link to an absolute path";
  // Folders above the link; "a//b/." has two names.
  auto depth
    = std::ranges::count_if(path, [](const fs::path& part) { return !part.empty() && part != "."; })
      - 1;
  bool down = false;
  for (const auto& part : fs::path{target}) {
    if (part == ".." && (down || depth-- <= 0))
      return "is a link that leaves the source folder";
    down = down || (part != ".." && part != "." && !part.empty());
  }
  return "";
}

} // namespace backendim::source
