#pragma once

#include <caf/error.hpp>

#include <cstdint>
#include <deque>
#include <string>

namespace backendim::buildah {

// What the last lines of a command mean for who waits for the build.

/// *image* could not be pulled.
caf::error pull_failure(const std::string& image, const std::deque<std::string>& tail);

/// The base image *name* cannot be had here. *generated*: we chose it for a runtime version.
caf::error base_failure(const std::string& name, bool generated,
                        const std::deque<std::string>& tail);

/// The build was killed at its memory limit during *step*.
caf::error memory_failure(uint32_t limit_mb, const std::string& step,
                          const std::deque<std::string>& tail);

/// *registry* did not take an image. Asks it whether it is full.
caf::error push_failure(const std::string& registry, const std::string& repository,
                        const std::deque<std::string>& tail);

} // namespace backendim::buildah
