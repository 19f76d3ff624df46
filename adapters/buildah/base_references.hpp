#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace backendim::buildah {

/// The images that a Containerfile starts from or copies from, each once, in order, with the
/// defaults of ARGs before the first FROM put in. "scratch" and earlier stages are not among them.
std::vector<std::string> base_references(std::string_view containerfile);

/// Whether *reference* is an official image of Docker Hub ("node:20", "library/node",
/// "docker.io/library/node:20"). Then *short_name* is "node:20", with :latest when no tag is given.
bool is_official(const std::string& reference, std::string& short_name);

/// Where the image of a reference comes from.
enum class image_origin {
  own,       ///< From the platform's registry: a base image, or made by the tenant itself.
  forbidden, ///< From the platform's registry, and of another tenant.
  elsewhere, ///< From a registry that the reference names, or Docker Hub.
};

/// As *registry* ("host:port", the platform's own) and *tenant* have it.
image_origin origin_of(const std::string& reference, const std::string& registry,
                       const std::string& tenant);

} // namespace backendim::buildah
