#pragma once

#include <caf/expected.hpp>
#include <caf/unit.hpp>

#include <filesystem>
#include <optional>
#include <string>

namespace backendim::cli {

/// What auth login keeps.
struct credentials {
  std::string url;
  std::string token; ///< A session, not the API token it was made from.
  std::string user;
  std::string tenant;
  std::string expires; ///< RFC 3339.
  friend bool operator==(const credentials&, const credentials&) = default;
};

/// The one file that holds them.
class credentials_file {
public:
  explicit credentials_file(std::filesystem::path path) : path_{std::move(path)} {}

  /// None when there is no such file. Fails when it cannot be read or is damaged.
  caf::expected<std::optional<credentials>> load() const;

  /// Replaces the file in one step, with mode 0600 in a folder with mode 0700.
  caf::expected<caf::unit_t> store(const credentials& x) const;

  /// Whether there was one.
  caf::expected<std::optional<credentials>> remove() const;

  const std::filesystem::path& path() const { return path_; }

private:
  std::filesystem::path path_;
};

} // namespace backendim::cli
