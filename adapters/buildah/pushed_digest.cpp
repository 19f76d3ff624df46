#include "adapters/buildah/pushed_digest.hpp"

#include "adapters/http/client.hpp"
#include "protocol/error.hpp"

#include <chrono>

namespace backendim::buildah {

namespace {

constexpr auto patience = std::chrono::seconds{10};

/// What buildah pushes; without it a registry may turn a manifest into another one, whose digest is
/// none of ours.
constexpr auto forms = "application/vnd.oci.image.manifest.v1+json, "
                       "application/vnd.docker.distribution.manifest.v2+json";

} // namespace

caf::expected<std::string> pushed_digest(const std::string& registry, const std::string& repository,
                                         const std::string& tag) {
  http::client_config config;
  config.url = "http://" + registry;
  config.total_timeout = patience;
  http::client client{config};
  http::request question; // OCI Distribution 1.0, "Checking if content exists in the registry"
  question.method = "HEAD";
  question.target = "/v2/" + repository + "/manifests/" + tag;
  question.headers = {{"Accept", forms}};
  const auto found = client.send(question);
  if (!found)
    return found.error();
  if (found->status == 404)
    return std::string{};
  const std::string digest{found->field("Docker-Content-Digest")};
  if (found->status != 200 || !digest.starts_with("sha256:"))
    return make_failure(ec::unavailable, {cause::registry_unavailable,
                                          "The registry answers " + std::to_string(found->status)
                                            + " when asked for " + repository + ":" + tag + ".",
                                          {},
                                          "Look at the registry's log."});
  return digest;
}

} // namespace backendim::buildah
