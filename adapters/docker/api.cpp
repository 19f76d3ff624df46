#include "adapters/docker/api.hpp"

#include "adapters/docker/fields.hpp"
#include "adapters/http/client.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>

namespace backendim::docker {

namespace {

namespace json = boost::json;

constexpr api_version lowest_spoken{1, 41};  // limits of processes and capabilities for services
constexpr api_version highest_spoken{1, 44}; // no-new-privileges for services

api_version parse_version(const std::string& x) {
  api_version result;
  const auto* end = x.data() + x.size();
  const auto [dot, problem] = std::from_chars(x.data(), end, result.major);
  if (problem != std::errc{} || dot == end || *dot != '.'
      || std::from_chars(dot + 1, end, result.minor).ptr != end)
    return {};
  return result;
}

json::value parse_body(const std::string& bytes) {
  boost::system::error_code problem;
  auto result = json::parse(bytes, problem);
  return problem ? json::value{} : result;
}

http::client_config client_of(const engine_config& engine) {
  http::client_config result;
  result.url = "unix://" + engine.socket;
  result.total_timeout = std::chrono::milliseconds::zero();
  result.idle_timeout = engine.timeout;
  return result;
}

answer to_answer(unsigned status, const std::string& bytes) {
  answer result{status, {}, parse_body(bytes)};
  if (!result.ok())
    result.message = text(result.body, "/message");
  return result;
}

} // namespace

caf::expected<api_version> negotiate(const std::string& lowest, const std::string& highest) {
  const auto chosen = std::min(highest_spoken, parse_version(highest));
  if (chosen < lowest_spoken)
    return engine_error(ec::conflict, "Docker speaks API " + highest + " at most, 1.41 is needed.",
                        "Install Docker 20.10 or later.");
  if (chosen < parse_version(lowest))
    return engine_error(ec::conflict, "Docker speaks API " + lowest + " at least, 1.44 is spoken.",
                        "Upgrade the platform, or let Docker accept older clients with "
                        "DOCKER_MIN_API_VERSION=1.44 in its environment.");
  return chosen;
}

std::string filter_query(const std::map<std::string, std::vector<std::string>>& filters) {
  json::object result;
  for (const auto& [name, values] : filters)
    result[name] = json::array(values.begin(), values.end());
  return "filters=" + http::percent_encode(json::serialize(result));
}

caf::error engine_error(ec code, std::string message, std::string next,
                        std::vector<std::string> evidence) {
  return make_failure(
    code, {cause::engine_unavailable, std::move(message), std::move(evidence), std::move(next)});
}

caf::error refusal(const answer& x, const std::string& what) {
  const auto words = what + ": " + x.message;
  if (x.status == 400) // what was asked for came from us: no fault of a source
    return make_failure(ec::invalid_request,
                        {cause::internal,
                         "Docker refuses the " + words,
                         {x.message},
                         "Tell the platform's operator; what Docker says is in the evidence."});
  if (x.status == 404)
    return caf::make_error(ec::not_found, words);
  if (x.status == 409)
    return caf::make_error(ec::conflict, words);
  if (x.status == 503 && x.message.find("swarm") != std::string::npos)
    return engine_error(ec::unavailable, "Docker on this machine does not manage a swarm.",
                        "Begin one with `docker swarm init --advertise-addr 127.0.0.1`.",
                        {x.message});
  return engine_error(ec::unavailable,
                      "Docker answered " + std::to_string(x.status) + " to " + what + ".",
                      "Look into Docker's log: `journalctl -u docker`.", {x.message});
}

caf::expected<api_version> api::version() {
  {
    std::lock_guard lock{mutex_};
    if (version_)
      return *version_;
  }
  auto got = raw_call("GET", "/version", {});
  if (!got)
    return std::move(got.error());
  if (!got->ok())
    return refusal(*got, "version");
  auto chosen = negotiate(text(got->body, "/MinAPIVersion"), text(got->body, "/ApiVersion"));
  if (chosen) {
    std::lock_guard lock{mutex_};
    version_ = *chosen;
  }
  return chosen;
}

caf::expected<std::string> api::versioned(const std::string& path) {
  auto chosen = version();
  if (!chosen)
    return std::move(chosen.error());
  return "/v" + std::to_string(chosen->major) + "." + std::to_string(chosen->minor) + path;
}

caf::expected<answer> api::call(const char* method, const std::string& path,
                                const json::value* body) {
  auto target = versioned(path);
  if (!target)
    return std::move(target.error());
  return raw_call(method, *target, body ? json::serialize(*body) : std::string{});
}

/// A client for each call: the engine's socket is cheap to connect to, and calls come from several
/// threads.
caf::expected<answer> api::raw_call(const char* method, const std::string& target,
                                    const std::string& body) {
  http::client engine{client_of(config_)};
  http::request what;
  what.method = method;
  what.target = target;
  if (!body.empty()) {
    what.headers.push_back({"Content-Type", "application/json"});
    what.body = body;
  }
  auto got = engine.send(what);
  if (!got)
    return unreachable(got.error());
  return to_answer(got->status, got->body);
}

caf::expected<answer> api::stream(const std::string& path, const std::function<void()>& on_open,
                                  const std::function<void(std::string_view)>& on_bytes,
                                  std::stop_token stop) {
  auto target = versioned(path);
  if (!target)
    return std::move(target.error());
  auto config = client_of(config_);
  config.idle_timeout = std::chrono::milliseconds::zero(); // nothing may happen for days
  http::client engine{std::move(config)};
  http::request what;
  what.target = *target;
  bool open = false;
  const auto piece = [&](std::string_view bytes) {
    if (!std::exchange(open, true))
      on_open();
    if (!bytes.empty())
      on_bytes(bytes);
    return true;
  };
  auto got = engine.stream(what, piece, std::move(stop));
  if (!got)
    return unreachable(got.error());
  if (got->status == 0) // stopped before the engine answered
    return answer{200, {}, {}};
  return to_answer(got->status, got->body);
}

caf::error api::unreachable(const caf::error& reason) const {
  if (reason != ec::unavailable && reason != ec::timed_out)
    return reason;
  return engine_error(ec::unavailable, "Docker does not answer at " + config_.socket + ".",
                      "Check that it runs: `docker info`.", {render(reason)});
}

} // namespace backendim::docker
