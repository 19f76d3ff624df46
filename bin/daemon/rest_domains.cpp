#include "bin/daemon/rest.hpp"

#include <boost/json.hpp>

namespace backendim::daemon::rest {

namespace json = boost::json;

namespace {

/// Ends in the same message as POST /v1/actors/app/<tenant>/<app>/messages would.
answered send(call& x, std::string_view type, json::object body) {
  const auto path = app_path(x.who.tenant, x.path.at("app")).text;
  auto reply = co_await x.parts.actors.send(x.who, path, type, body, x.command_id());
  if (!reply)
    co_return std::move(reply.error());
  co_await x.answer(200, *reply);
  co_return caf::none;
}

answered send_named(call& x, std::string_view type) {
  json::object body;
  body["domain"] = x.path.at("domain");
  return send(x, type, std::move(body));
}

} // namespace

answered list_domains(call& x) {
  return send(x, "get_domains", {});
}

answered add_domain(call& x) {
  auto body = co_await x.json_body();
  if (!body)
    co_return std::move(body.error());
  co_return co_await send(x, "add_domain", std::move(*body));
}

answered verify_domain(call& x) {
  return send_named(x, "verify_domain");
}

answered remove_domain(call& x) {
  return send_named(x, "remove_domain");
}

} // namespace backendim::daemon::rest
