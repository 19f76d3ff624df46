#include "adapters/directory/files.hpp"

#include "protocol/error.hpp"

#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

namespace backendim::directory {

file::file(file&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}

file& file::operator=(file&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

file::~file() {
  if (fd_ >= 0)
    ::close(fd_);
}

bool write_all(int fd, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno != EINTR)
      return false;
    if (written > 0)
      bytes = bytes.subspan(static_cast<size_t>(written));
  }
  return true;
}

caf::error disk_error(std::string_view what, const std::filesystem::path& path) {
  const auto number = errno;
  auto text = "cannot " + std::string{what} + " " + path.string() + ": "
              + std::generic_category().message(number);
  if (number == ENOSPC || number == EDQUOT)
    return disk_full(std::move(text));
  return caf::make_error(ec::unavailable, std::move(text));
}

} // namespace backendim::directory
