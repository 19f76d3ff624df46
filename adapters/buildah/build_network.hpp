#pragma once

#include "adapters/buildah/machine_fence.hpp"

#include <caf/expected.hpp>

#include <filesystem>
#include <memory>
#include <string>
#include <thread>

namespace backendim::buildah {

/// A network namespace of one build: the internet through slirp4netns, but neither this machine's
/// loopback, where the registry and the daemon listen, nor what the fence closes. The build is not
/// root of the namespace, so it cannot take the fence down. It goes with the object.
class build_network {
public:
  /// Blocks until packets flow, some 100 ms. *platform* tells our builds from those of other
  /// daemons on the machine. Fails with unavailable, also when there can be no fence.
  static caf::expected<std::unique_ptr<build_network>>
  make(const std::string& platform, const std::string& id, const machine_fence& fence);
  ~build_network();

  const std::filesystem::path& path() const { return path_; }

  /// Where the names of the world are known, seen from inside.
  static constexpr const char* name_server = "10.0.2.3";

private:
  build_network() = default;

  std::string name_;
  std::filesystem::path path_;
  std::jthread gateway_;
};

/// Removes what builds of an earlier run of *platform*'s daemon left.
void sweep_networks(const std::string& platform);

} // namespace backendim::buildah
