#include "adapters/crypto/key_file.hpp"

#include "protocol/error.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace backendim::crypto {

caf::error write_key_file(const std::filesystem::path& file, std::string_view bytes) {
  const auto fresh = file.string() + ".new";
  ::unlink(fresh.c_str()); // of a write that died: others might read it
  const int out = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  const bool written
    = out >= 0 && ::write(out, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size())
      && ::fsync(out) == 0;
  const int why = errno;
  if (out >= 0)
    ::close(out);
  if (!written || ::rename(fresh.c_str(), file.c_str()) != 0) {
    const int reason = written ? errno : why;
    ::unlink(fresh.c_str());
    return caf::make_error(ec::unavailable, file.string() + ": " + std::strerror(reason));
  }
  if (const int folder = ::open(file.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
      folder >= 0) {
    ::fsync(folder);
    ::close(folder);
  }
  return {};
}

} // namespace backendim::crypto
