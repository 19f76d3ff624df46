#pragma once

#include <caf/error.hpp>

#include <cstddef>
#include <filesystem>
#include <span>
#include <string_view>

namespace backendim::directory {

/// A file descriptor that is closed once.
class file {
public:
  file() = default;
  explicit file(int fd) : fd_{fd} {}
  file(file&& other) noexcept;
  file& operator=(file&& other) noexcept;
  ~file();

  int fd() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

private:
  int fd_ = -1;
};

/// Writes all of *bytes*. False: errno says why.
bool write_all(int fd, std::span<const std::byte> bytes);

/// unavailable with what was tried, on what, and errno's text.
caf::error disk_error(std::string_view what, const std::filesystem::path& path);

} // namespace backendim::directory
