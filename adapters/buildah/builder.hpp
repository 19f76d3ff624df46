#pragma once

#include "adapters/buildah/build_limits.hpp"
#include "adapters/image_builder.hpp"
#include "adapters/push_gate.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace backendim::buildah {

/// What every build is told of the network around it. Empty: nothing.
struct build_surroundings {
  std::string ca_bundle; ///< PEM file.
  std::string http_proxy;
  std::string https_proxy;
  std::string no_proxy;
  std::string npm_registry;
  std::string pip_index_url;
  std::string goproxy;
  std::string gosumdb;
  std::string cargo_registry;
  std::string maven_mirror;
};

struct builder_options {
  std::string platform;        ///< Tells our builds from those of other daemons on the machine.
  std::filesystem::path state; ///< The platform's folder, hidden from builds; its builder/ is ours.
  std::string user;            ///< Unprivileged, with a range in /etc/subuid and /etc/subgid.
  std::string registry;        ///< host:port, plain HTTP.
  std::vector<std::string> base_images; ///< Gets NAME:TAG at its end; exit 3: it cannot be had.
  bool hub = false;                     ///< Docker Hub can be reached.
  resource_caps caps;
  build_surroundings around;
  std::vector<std::string> closed;   ///< As fence_of_machine() wants it.
  std::vector<std::string> open;     ///< Likewise.
  std::vector<uint16_t> front_doors; ///< Likewise.
  /// What pushes pass through. Whoever removes layers from the registry has the same one.
  std::shared_ptr<push_gate> gate = std::make_shared<push_gate>();
  /// Whether the deployment of this id goes on, so that what it has made so far is kept at start.
  std::function<bool(const std::string& id)> wanted;
};

/// Buildah, rootless as *user*, with chroot isolation. A build has its own PID, IPC, UTS and
/// network namespace and cgroup, behind a machine_fence; of the machine's files it sees the
/// system's (read-only to it) and its own tenant's storage. What an earlier daemon of this platform
/// left is removed. Needs root. Fails with unavailable when the user or a program is missing, and
/// says what to install.
caf::expected<std::shared_ptr<image_builder>> make_builder(builder_options options);

} // namespace backendim::buildah
