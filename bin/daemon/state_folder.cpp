#include "bin/daemon/state_folder.hpp"

#include "protocol/error.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <system_error>
#include <utility>

namespace backendim::daemon {

namespace fs = std::filesystem;

namespace {

caf::error cannot(const char* what, const fs::path& path) {
  return caf::make_error(ec::unavailable, std::string{"cannot "} + what + " " + path.string() + ": "
                                            + std::generic_category().message(errno));
}

} // namespace

caf::expected<state_folder> state_folder::open(const fs::path& path) {
  std::error_code failed;
  fs::create_directories(path, failed);
  const auto real = fs::canonical(path, failed);
  if (!failed && !fs::is_directory(real))
    failed = std::make_error_code(std::errc::not_a_directory);
  if (failed)
    return caf::make_error(ec::unavailable,
                           "cannot make " + path.string() + ": " + failed.message());
  // 0710 was meant so: a group passes through to a folder of its own, and sees nothing else.
  struct stat there {};
  const bool passage = ::stat(real.c_str(), &there) == 0 && (there.st_mode & 0077) == 0010;
  if (::chmod(real.c_str(), passage ? 0710 : 0700) != 0)
    return cannot("own", real);
  const auto lock_file = real / "lock";
  const int lock = ::open(lock_file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0)
    return cannot("open", lock_file);
  state_folder result{real, lock};
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0)
    return caf::make_error(ec::conflict,
                           "another backendimd has the state folder " + real.string());
  return result;
}

state_folder::state_folder(state_folder&& other) noexcept
  : path_{std::move(other.path_)}, lock_{std::exchange(other.lock_, -1)} {}

state_folder::~state_folder() {
  if (lock_ >= 0)
    ::close(lock_);
}

caf::expected<std::string> state_folder::secret(const std::string& name,
                                                const std::function<std::string()>& make) const {
  const auto file = path_ / name;
  std::string text;
  if (std::ifstream in{file}; in && std::getline(in, text) && !text.empty())
    return text;
  text = make();
  const auto line = text + "\n";
  const auto fresh = path_ / (name + ".new");
  const int out = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (out < 0)
    return cannot("make", fresh);
  const bool written = ::write(out, line.data(), line.size()) == static_cast<ssize_t>(line.size())
                       && ::fsync(out) == 0;
  ::close(out);
  if (!written || ::rename(fresh.c_str(), file.c_str()) != 0)
    return cannot("write", file);
  return text;
}

} // namespace backendim::daemon
