#pragma once

#include <chrono>
#include <filesystem>
#include <set>
#include <stop_token>
#include <string>
#include <unordered_map>

namespace backendim::proxy {

/// Hears from the kernel (inotify) that the files of a folder change: written, renamed, removed,
/// with other rights; also where a symbolic link on the way to one of them is put in the place of
/// another, as certbot and Kubernetes renew them. Not what another machine does to a network file
/// system. Used by one thread.
class file_watch {
public:
  file_watch() = default;
  file_watch(const file_watch&) = delete;
  file_watch& operator=(const file_watch&) = delete;
  ~file_watch();

  /// From now on hears of changes of *folder*'s files with one of these *extensions*. Call it
  /// again after a change, before the files are read: links may lead elsewhere. 0, or errno: some
  /// or all changes will not be heard of.
  int follow(const std::filesystem::path& folder, const std::set<std::string>& extensions);

  /// Waits for a change, then until nothing has changed for *quiet*: who renews writes two files.
  /// False: *stop* came first.
  bool wait(const std::stop_token& stop, std::chrono::milliseconds quiet);

private:
  using entry = std::pair<std::filesystem::path, std::string>; ///< Folder and name in it.

  int listen_to(const std::set<entry>& names, const std::filesystem::path& folder);
  bool changed(); ///< Takes all events; whether one of them matters.

  int inotify_ = -1;
  int folder_ = -1; ///< Its watch, of all names with an extension.
  std::set<std::string> extensions_;
  std::unordered_map<int, std::set<std::string>> names_; ///< By watch.
};

} // namespace backendim::proxy
