#pragma once

#include "adapters/blob_store.hpp"
#include "adapters/lines.hpp"
#include "protocol/app_config.hpp"

#include <caf/expected.hpp>
#include <caf/unit.hpp>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>

namespace backendim {

struct source_limits {
  uint64_t max_files = 50'000;
  uint64_t max_bytes = 2'000'000'000; ///< Unpacked, all files together.
};

struct unpacked_source {
  uint64_t files = 0;
  uint64_t bytes = 0;
};

/// Turns an uploaded archive or a repository into a folder. Calls block.
class source_fetcher {
public:
  virtual ~source_fetcher() = default;

  /// Unpacks a tar, plain or compressed with zstd or gzip, into the empty or absent folder *into*.
  /// Refuses absolute paths, "..", links that leave the folder, devices, and what exceeds the
  /// limits: invalid_request or too_large with a failure {source_rejected} that names the entry.
  /// A refused or cancelled archive leaves no *into*.
  virtual caf::expected<unpacked_source> unpack(blob_reader& archive,
                                                const std::filesystem::path& into,
                                                const source_limits& limits, std::stop_token stop)
    = 0;

  /// Clones *url* at *ref* (empty: the default branch) without history, within the same limits.
  /// Allowed: https, http, ssh, git@host:path, file. Fails with invalid_request and a failure
  /// {source_rejected}. *on_line* hears git's progress.
  virtual caf::expected<unpacked_source>
  clone(const std::string& url, const std::string& ref, const std::filesystem::path& into,
        const source_limits& limits, const line_sink& on_line, std::stop_token stop)
    = 0;
};

/// Understands a source folder. Reads files only; runs nothing. Calls block for the disk.
class source_inspector {
public:
  virtual ~source_inspector() = default;

  /// Reads backend-im.yml (or .yaml) in *folder*; an absent file is an empty config. Fails with
  /// invalid_request and a failure {config_invalid} whose evidence names line and column and
  /// whose next step holds the closest known key.
  virtual caf::expected<app_config> read_config(const std::filesystem::path& folder) = 0;

  /// Finds out how to build and start what is in *folder*. *config* wins over what is detected.
  /// Fails with invalid_request and a failure {framework_unknown | runtime_unavailable}.
  virtual caf::expected<build_plan> plan(const std::filesystem::path& folder,
                                         const app_config& config)
    = 0;

  /// The Containerfile that builds *plan*: cache-friendly layers, a non-root user.
  virtual std::string containerfile(const build_plan& plan) = 0;
};

} // namespace backendim
