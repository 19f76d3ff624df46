#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace backendim::source {

/// What a .dockerignore leaves out, by Docker's rules: patterns begin at its folder, of all that
/// fit a file or a folder above it the last one decides.
class docker_ignore {
public:
  /// Reads *file*; one that is not there leaves out nothing.
  explicit docker_ignore(const std::filesystem::path& file);

  bool leaves_out(const std::string& path) const;

private:
  using parts = std::vector<std::string>;
  struct pattern {
    parts path;
    bool negated = false;
  };

  static bool fits(const parts& pattern, size_t at, const parts& path, size_t from, size_t end);

  std::vector<pattern> patterns_;
};

} // namespace backendim::source
