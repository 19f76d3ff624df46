#include "adapters/traefik/witness.hpp"

#include "adapters/traefik/configuration.hpp"
#include "protocol/error.hpp"

#include <boost/json.hpp>

#include <utility>

namespace backendim::traefik {

namespace {

namespace json = boost::json;

http::client_config client_of(const std::string& url) {
  http::client_config result;
  result.url = url;
  result.connect_timeout = std::chrono::milliseconds{1'000};
  result.total_timeout = std::chrono::milliseconds{1'000};
  result.body_limit = 1 << 20;
  return result;
}

caf::error missing(std::string what, std::string evidence, std::string next) {
  return make_failure(
    ec::unavailable,
    {cause::route_missing, std::move(what), {std::move(evidence)}, std::move(next)});
}

/// What Traefik says is wrong with a router; empty: nothing.
std::string trouble_in(const std::string& body) {
  boost::system::error_code failed;
  const auto said = json::parse(body, failed);
  if (failed || !said.is_object())
    return "the answer is no JSON object";
  const auto* status = said.get_object().if_contains("status");
  if (status && *status == "enabled")
    return {};
  const auto* errors = said.get_object().if_contains("error");
  return errors ? json::serialize(*errors) : body.substr(0, 200);
}

} // namespace

witness::witness(const std::string& api, const std::string& entry, proxy::route_proof proof)
  : api_{client_of(api)}, entry_{client_of(entry)}, api_url_{api},
    entry_url_{entry}, proof_{std::move(proof)} {}

witness::finding witness::look(const std::string& host, std::stop_token stop) {
  constexpr auto away = "Traefik does not answer, so nobody reaches the app.";
  http::request question;
  question.target = "/api/http/routers/" + http::percent_encode(router_name(host) + "@http");
  const auto listed = api_.send(question, stop);
  if (!listed)
    return {missing(away, api_url_ + ": " + render(listed.error()),
                    "Start Traefik, and check traefik.api in the configuration."),
            true};
  const auto at = "GET " + api_url_ + question.target + ": ";
  if (listed->status != 200)
    return {missing("Traefik does not know the app's host.",
                    at + "status " + std::to_string(listed->status),
                    "Traefik's log says whether it can read /v1/traefik of backendimd."),
            listed->status != 404};
  if (const auto why = trouble_in(listed->body); !why.empty())
    return {missing("Traefik does not serve the app's host.", at + why,
                    "Check traefik in the configuration against Traefik's own: entrypoints and "
                    "the certificate resolver have to be there.")};
  http::request request;
  request.target = proxy::route_proof::path;
  request.host = host;
  request.headers = {{std::string{proxy::route_proof::field}, proof_.question}};
  const auto proven = entry_.send(request, std::move(stop));
  if (!proven)
    return {missing(away, entry_url_ + ": " + render(proven.error()),
                    "Check traefik.entry in the configuration."),
            true};
  if (proven->status != 200 || proven->body.find(proof_.answer) == std::string::npos)
    return {
      missing("Requests through Traefik do not reach this platform.",
              "GET " + entry_url_ + request.target + " for " + host + ": status "
                + std::to_string(proven->status),
              "Another router of Traefik may have the host, or traefik.entry is not Traefik's "
              "entrypoint.")};
  return {};
}

} // namespace backendim::traefik
