#include "actors/app.hpp"
#include "bin/daemon/rest.hpp"
#include "protocol/json.hpp"
#include "protocol/types.hpp"
#include "protocol/ulid.hpp"

#include <boost/json.hpp>

namespace backendim::daemon::rest {

namespace json = boost::json;

namespace {

constexpr uint64_t no_release = 4'294'967'295; // of any app

std::string path_of(const call& x, const std::string& app) {
  return app_path(x.who.tenant, app).text;
}

std::string deployment_of(call& x) {
  return deployment_path(x.tenant(), x.path["id"]).text;
}

std::string task_of(call& x) {
  return task_path(x.who.tenant, x.path["id"]).text;
}

/// Ends in the same message as POST /v1/actors/app/<tenant>/<app>/messages would.
answered start(call& x, const std::string& app, json::object body,
               std::string_view type = "start_deployment") {
  if (!is_name(app))
    co_return invalid_request({"/app",
                               "lower-case letters, digits and dashes, a letter first, at most 40",
                               "\"" + app + "\"", ""});
  auto made
    = co_await x.parts.actors.send(x.who, path_of(x, app), type, std::move(body), x.command_id());
  if (!made)
    co_return std::move(made.error());
  const auto id = std::string{made->as_object().at("id").as_string()};
  std::vector<http::header> headers;
  headers.push_back({"Location", "/v1/deployments/" + id});
  co_await x.answer(202, *made, std::move(headers));
  co_return caf::none;
}

answered deploy_by(call& x, std::string_view type) {
  auto body = co_await x.json_body();
  if (!body)
    co_return std::move(body.error());
  co_return co_await start(x, x.path["app"], std::move(*body), type);
}

answered send(call& x, std::string path, std::string_view type) {
  json::object body;
  if (!x.client.body_ended()) { // a question has none
    auto said = co_await x.json_body();
    if (!said)
      co_return std::move(said.error());
    body = std::move(*said);
  }
  auto reply = co_await x.parts.actors.send(x.who, path, type, body, x.command_id());
  if (!reply)
    co_return std::move(reply.error());
  co_await x.answer(200, *reply);
  co_return caf::none;
}

} // namespace

boost::asio::awaitable<caf::expected<json::value>> look_at_one_off(call& x) {
  const auto path = task_of(x);
  auto state = co_await x.parts.actors.look(x.who, path);
  if (state && state->as_object().at("app").as_string() != x.path["app"])
    co_return caf::make_error(ec::not_found, "there is no such one-off task of " + x.path["app"]);
  co_return state;
}

answered deploy(call& x) {
  auto body = co_await x.json_body();
  if (!body)
    co_return std::move(body.error());
  const auto* app = body->if_contains("app");
  if (!app || !app->is_string())
    co_return invalid_request(
      {"/app", "the name of the app", app ? "something else" : "nothing", ""});
  const std::string name{app->get_string()};
  body->erase("app");
  co_return co_await start(x, name, std::move(*body));
}

answered deploy_app(call& x) {
  return deploy_by(x, "start_deployment");
}

answered status(call& x) {
  const auto& id = x.path["id"];
  return is_ulid(id) ? send(x, deployment_path(x.who.tenant, id).text, "get_deployment")
                     : send(x, path_of(x, id), "get_app");
}

answered list_apps(call& x) {
  auto reply = co_await x.parts.actors.send(x.who, tenant_path(x.who.tenant).text, "get_tenant",
                                            json::object{}, "");
  if (!reply)
    co_return std::move(reply.error());
  const json::object body{{"items", reply->as_object().at("apps")}, {"next_cursor", nullptr}};
  co_await x.answer(200, body);
  co_return caf::none;
}

answered get_app(call& x) {
  return send(x, path_of(x, x.path["app"]), "get_app");
}

answered destroy_app(call& x) {
  return send(x, path_of(x, x.path["app"]), "destroy_app");
}

answered get_releases(call& x) {
  return send(x, path_of(x, x.path["app"]), "get_releases");
}

answered compare_releases(call& x) {
  const auto from = x.number("from", 0, no_release);
  const auto to = x.number("to", 0, no_release);
  if (!from || !to)
    co_return from ? to.error() : from.error();
  json::object question;
  question["from"] = *from;
  question["to"] = *to;
  auto reply = co_await x.parts.actors.send(x.who, path_of(x, x.path["app"]), "compare_releases",
                                            question, "");
  if (!reply)
    co_return std::move(reply.error());
  co_await x.answer(200, *reply);
  co_return caf::none;
}

answered rollback_app(call& x) {
  return deploy_by(x, "rollback_app");
}

answered redeploy_app(call& x) {
  return deploy_by(x, "redeploy_app");
}

answered scale_app(call& x) {
  return send(x, path_of(x, x.path["app"]), "scale_app");
}

answered stop_app(call& x) {
  return send(x, path_of(x, x.path["app"]), "stop_app");
}

answered start_app(call& x) {
  return send(x, path_of(x, x.path["app"]), "start_app");
}

answered set_maintenance(call& x) {
  return send(x, path_of(x, x.path["app"]), "set_maintenance");
}

answered get_app_tasks(call& x) {
  return send(x, path_of(x, x.path["app"]), "get_app_tasks");
}

answered start_one_off(call& x) {
  const auto app = x.path["app"];
  auto body = co_await x.json_body();
  if (!body)
    co_return std::move(body.error());
  auto made
    = co_await x.parts.actors.send(x.who, path_of(x, app), "start_one_off", *body, x.command_id());
  if (!made)
    co_return std::move(made.error());
  const auto id = std::string{made->as_object().at("id").as_string()};
  std::vector<http::header> headers;
  headers.push_back({"Location", "/v1/apps/" + app + "/tasks/" + id});
  co_await x.answer(202, *made, std::move(headers));
  co_return caf::none;
}

answered get_one_off(call& x) {
  auto state = co_await look_at_one_off(x);
  if (!state)
    co_return std::move(state.error());
  co_await x.answer(200, *state);
  co_return caf::none;
}

answered cancel_one_off(call& x) {
  if (auto state = co_await look_at_one_off(x); !state)
    co_return std::move(state.error());
  const auto path = task_of(x);
  co_return co_await send(x, path, "cancel_one_off");
}

answered get_deployment(call& x) {
  return send(x, deployment_of(x), "get_deployment");
}

answered reconcile(call& x) {
  return send(x, reconciler_path().text, "reconcile");
}

answered cancel_deployment(call& x) {
  return send(x, deployment_of(x), "cancel_deployment");
}

answered promote_deployment(call& x) {
  return send(x, deployment_of(x), "promote_deployment");
}

answered get_build_queue(call& x) {
  return send(x, build_queue_path().text, "get_build_queue");
}

answered get_incidents(call& x) {
  return send(x, incidents_path().text, "get_incidents");
}

answered get_disk(call& x) {
  return send(x, disk_path(x.parts.node).text, "get_disk");
}

answered collect_garbage(call& x) {
  return send(x, disk_path(x.parts.node).text, "collect_garbage");
}

} // namespace backendim::daemon::rest
