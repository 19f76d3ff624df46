#include "bin/daemon/rest.hpp"

namespace backendim::daemon::rest {

answered traefik_configuration(call& x) {
  if (!x.parts.outer)
    co_return caf::make_error(ec::not_found, "no Traefik is set up: traefik.api is empty");
  auto bytes = x.parts.outer->configuration_for(x.client.field("Authorization"));
  if (!bytes)
    co_return std::move(bytes.error());
  http::response result;
  result.status = 200;
  result.headers = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}};
  result.body = std::move(*bytes);
  co_await x.client.respond(std::move(result));
  co_return caf::none;
}

} // namespace backendim::daemon::rest
