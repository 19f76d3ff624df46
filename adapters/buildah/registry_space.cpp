#include "adapters/buildah/registry_space.hpp"

#include "adapters/http/client.hpp"

#include <chrono>
#include <string_view>

namespace backendim::buildah {

namespace {

constexpr size_t offered = 8 << 20; // more than a disk that is called full has left
constexpr auto patience = std::chrono::seconds{10};

/// docker-registry passes on the errno (ENOSPC is 28, EDQUOT 122) in the detail of its error.
bool says_full(const http::response& x) {
  const std::string_view body = x.body;
  return x.status >= 500
         && (body.find("no space left") != body.npos || body.find("\"Err\":28") != body.npos
             || body.find("\"Err\":122") != body.npos || x.status == 507);
}

/// Path and query of a Location, which may be absolute.
std::string target_of(std::string_view location) {
  const auto scheme = location.find("://");
  if (scheme == location.npos)
    return std::string{location};
  return std::string{location.substr(location.find('/', scheme + 3))};
}

} // namespace

bool registry_is_full(const std::string& registry, const std::string& repository) {
  http::client_config config;
  config.url = "http://" + registry;
  config.total_timeout = patience;
  http::client client{config};
  http::request start; // OCI Distribution 1.0, "Pushing a blob in chunks"
  start.method = "POST";
  start.target = "/v2/" + repository + "/blobs/uploads/";
  const auto begun = client.send(start);
  if (!begun)
    return false;
  const auto location = target_of(begun->field("Location"));
  if (begun->status != 202 || location.empty())
    return says_full(*begun);
  http::request offer;
  offer.method = "PATCH";
  offer.target = location;
  offer.headers = {{"Content-Type", "application/octet-stream"}};
  offer.body.assign(offered, '\0');
  const auto taken = client.send(offer);
  http::request forget;
  forget.method = "DELETE";
  forget.target = taken && taken->status == 202 ? target_of(taken->field("Location")) : location;
  (void)client.send(forget);
  return taken && says_full(*taken);
}

} // namespace backendim::buildah
