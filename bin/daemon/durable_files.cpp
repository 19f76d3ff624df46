#include "bin/daemon/durable_files.hpp"

#include "protocol/error.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

namespace backendim::daemon {

namespace fs = std::filesystem;

namespace {

caf::error cannot(const char* what, const fs::path& x) {
  const auto why = std::generic_category().message(errno);
  return caf::make_error(ec::unavailable,
                         std::string{"cannot "} + what + " " + x.string() + ": " + why);
}

/// What happened to the names in *folder* is on the disk.
caf::error sync_folder(const fs::path& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = fd >= 0 && ::fsync(fd) == 0;
  auto why = synced ? caf::error{} : cannot("sync", folder);
  if (fd >= 0)
    ::close(fd);
  return why;
}

} // namespace

caf::error remove_file(const fs::path& x) {
  if (::unlink(x.c_str()) != 0)
    return errno == ENOENT ? caf::error{} : cannot("remove", x);
  return sync_folder(x.parent_path());
}

caf::error move_file(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0)
    return errno == ENOENT ? caf::error{} : cannot("move", from);
  return sync_folder(to.parent_path());
}

caf::error write_file(const fs::path& x, std::string_view content) {
  const auto fresh = x.string() + ".new";
  const int out = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (out < 0)
    return cannot("make", fresh);
  bool written = true;
  while (written && !content.empty()) {
    const auto n = ::write(out, content.data(), content.size());
    written = n > 0 || (n < 0 && errno == EINTR);
    content.remove_prefix(n > 0 ? static_cast<size_t>(n) : 0);
  }
  written = written && ::fsync(out) == 0;
  auto why = written ? caf::error{} : cannot("write", fresh);
  ::close(out);
  return why ? why : move_file(fresh, x);
}

} // namespace backendim::daemon
