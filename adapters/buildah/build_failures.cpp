#include "adapters/buildah/build_failures.hpp"

#include "adapters/buildah/build_output.hpp"
#include "adapters/buildah/registry_space.hpp"
#include "protocol/error.hpp"

#include <algorithm>

namespace backendim::buildah {

caf::error pull_failure(const std::string& image, const std::deque<std::string>& tail) {
  const bool missing = says(tail, {"manifest unknown", "not found", "name unknown", "denied",
                                   "unauthorized", "invalid reference", "no such host"});
  if (missing)
    return make_failure(ec::build_failed,
                        {cause::base_image_missing,
                         "The image " + image + " does not exist or may not be pulled.",
                         last_lines(tail), "Check the name and tag after FROM."});
  return make_failure(ec::unavailable,
                      {cause::registry_unavailable, "The image " + image + " cannot be pulled.",
                       last_lines(tail), "Check that its registry can be reached from here."});
}

caf::error base_failure(const std::string& name, bool generated,
                        const std::deque<std::string>& tail) {
  // "base-images: X cannot be had here: why; the nearest is Y"
  const auto last = tail.empty() ? std::string{} : tail.back();
  const auto nearest = last.rfind("; ");
  return make_failure(ec::build_failed,
                      {generated ? cause::runtime_unavailable : cause::base_image_missing,
                       "The base image " + name + " cannot be had here.",
                       {last.substr(std::min(last.find(": ") + 2, last.size()))},
                       "Name another one"
                         + (nearest == last.npos ? std::string{} : ": " + last.substr(nearest + 2))
                         + "."});
}

caf::error memory_failure(uint32_t limit_mb, const std::string& step,
                          const std::deque<std::string>& tail) {
  return make_failure(
    ec::build_failed,
    {cause::build_out_of_memory,
     "The build was killed at its limit of " + std::to_string(limit_mb) + " MiB during: " + step,
     last_lines(tail),
     "Make the build need less memory, or ask the operator for a higher "
     "builder.memory_mb."});
}

caf::error push_failure(const std::string& registry, const std::string& repository,
                        const std::deque<std::string>& tail) {
  if (registry_is_full(registry, repository))
    return make_failure(ec::unavailable,
                        {cause::registry_full, "The registry has no space left.", last_lines(tail),
                         "The operator has to free space or make the registry's disk bigger."});
  return make_failure(ec::unavailable,
                      {cause::registry_unavailable, "The registry does not take the image.",
                       last_lines(tail),
                       "Try again; if it stays so, tell the platform's operator."});
}

} // namespace backendim::buildah
