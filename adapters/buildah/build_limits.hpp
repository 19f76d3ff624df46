#pragma once

#include <caf/expected.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace backendim::buildah {

struct resource_caps {
  uint32_t cpus = 2;
  uint32_t memory_mb = 2048;
  uint32_t pids = 1024;
};

/// The cgroup of one build, in version 1 or 2, whichever the machine has. It goes with the object,
/// and every process in it.
class build_limits {
public:
  /// *platform* tells our builds from those of other daemons on the machine. Fails with
  /// unavailable: a build without caps is not begun.
  static caf::expected<std::unique_ptr<build_limits>>
  make(const std::string& platform, const std::string& id, const resource_caps& caps);
  ~build_limits();

  /// A process joins by writing its pid to each of these.
  const std::vector<std::filesystem::path>& join_files() const { return join_files_; }

  /// Whether the kernel killed something here because of the memory cap.
  bool out_of_memory() const;

  /// Kills all that is in it, wherever it has forked to, and waits until nothing is left. False:
  /// something hangs in the kernel for longer than *limit*.
  bool end(std::chrono::milliseconds limit);

private:
  build_limits() = default;
  bool set(const std::filesystem::path& folder, const char* file, const std::string& value);

  std::vector<std::filesystem::path> folders_;
  std::vector<std::filesystem::path> join_files_;
};

/// Ends and removes what builds of an earlier run of *platform*'s daemon left.
void sweep_limits(const std::string& platform);

} // namespace backendim::buildah
