#pragma once

#include <caf/expected.hpp>

#include <filesystem>
#include <functional>
#include <string>

namespace backendim::daemon {

/// The folder of all that backendimd keeps; one process has it at a time.
class state_folder {
public:
  /// Makes it, with mode 0700 (0710 is left so), and locks it. Fails with conflict when another
  /// backendimd has it, unavailable when it cannot be made.
  static caf::expected<state_folder> open(const std::filesystem::path& path);

  state_folder(state_folder&& other) noexcept;
  state_folder& operator=(state_folder&&) = delete;
  ~state_folder();

  const std::filesystem::path& path() const { return path_; }

  /// The one line in the file *name*, mode 0600; *make* writes it when it is not there.
  caf::expected<std::string> secret(const std::string& name,
                                    const std::function<std::string()>& make) const;

private:
  state_folder(std::filesystem::path path, int lock) : path_{std::move(path)}, lock_{lock} {}

  std::filesystem::path path_;
  int lock_ = -1;
};

} // namespace backendim::daemon
