#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace backendim::buildah {

/// What a build says of itself to buildah, which keeps it with each working container: a cgroup
/// that chroot isolation does not use. Working containers have no names of ours.
std::string mark_of(const std::string& id);

/// A command for the sandbox: removes the working containers and the temporary files of the build
/// *id* and of no other. *buildah* is the program with the flags of its storage. With *only_one* no
/// build of the tenant is under way, and containers that do not say whose they are go as well.
std::vector<std::string> removal_of(const std::string& id, bool only_one,
                                    const std::vector<std::string>& buildah);

/// The same for all builds of a tenant, while none is under way.
std::vector<std::string> removal_of_all(const std::vector<std::string>& buildah);

/// Whether a killed daemon may have left something in a tenant's *home*.
bool has_leftovers(const std::filesystem::path& home);

} // namespace backendim::buildah
