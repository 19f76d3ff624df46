#include "protocol/writable.hpp"

#include "protocol/plain_text.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace backendim {

namespace {

constexpr size_t most_folders = 8;
constexpr size_t longest_path = 200;
constexpr std::string_view form = "an absolute path like /data/cache";

/// Neither these nor anything in them: the kernel's, or the platform's own.
constexpr std::array<std::string_view, 5> kept_whole{"/proc", "/sys", "/dev", "/run", "/tmp"};

/// Without these nothing starts; a folder in them may be had.
constexpr std::array<std::string_view, 7> kept{"/etc", "/usr",   "/bin",    "/sbin",
                                               "/lib", "/lib64", "/usr/bin"};

std::optional<decode_error> wrong(size_t index, std::string expected, const std::string& found,
                                  std::string suggestion = "") {
  return decode_error{"/" + std::to_string(index), std::move(expected), "\"" + found + "\"",
                      std::move(suggestion)};
}

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/'
         || c == '.' || c == '-' || c == '_';
}

/// Without empty parts, "." and a slash at the end; empty when a ".." is in it.
std::string plain(std::string_view path) {
  std::string result;
  while (!path.empty()) {
    const auto slash = std::min(path.find('/'), path.size());
    const auto part = path.substr(0, slash);
    path.remove_prefix(std::min(slash + 1, path.size()));
    if (part == "..")
      return {};
    if (!part.empty() && part != ".")
      result.append("/").append(part);
  }
  return result;
}

} // namespace

bool is_within(const std::string& path, const std::string& folder) {
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

std::optional<decode_error> problem_in_writable(const std::vector<std::string>& folders) {
  if (folders.size() > most_folders)
    return decode_error{"", "at most " + std::to_string(most_folders) + " folders",
                        std::to_string(folders.size()), ""};
  for (size_t i = 0; i != folders.size(); ++i) {
    const auto& folder = folders[i];
    const auto close = plain(folder);
    if (folder.size() > longest_path || !std::ranges::all_of(folder, is_plain))
      return wrong(i, std::string{form} + " of letters, digits, ., - and _, at most 200",
                   shortened(folder, 80));
    if (close != folder || close.empty()) {
      if (folder.starts_with('/') && folder.find_first_not_of("/.") == folder.npos)
        return wrong(i, "a folder below /, like /data/cache: the rest stays read-only", folder);
      return wrong(i, std::string{form} + ", without empty parts, . and ..", folder, close);
    }
    if (folder == "/tmp")
      return wrong(i, "other folders than /tmp, which may be written in anyway", folder);
    for (const auto& root : kept_whole)
      if (is_within(folder, std::string{root}))
        return wrong(i, "a folder outside of " + std::string{root}, folder);
    if (std::ranges::find(kept, folder) != kept.end())
      return wrong(i, "a folder that hides no programs, like " + folder + "/cache", folder);
    for (size_t k = 0; k != i; ++k) {
      if (folders[k] == folder)
        return wrong(i, "each folder once", folder);
      if (is_within(folder, folders[k]) || is_within(folders[k], folder))
        return wrong(i, "a folder that is not in another one of the list, as with " + folders[k],
                     folder);
    }
  }
  return {};
}

} // namespace backendim
