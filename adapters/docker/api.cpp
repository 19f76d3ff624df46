#include "adapters/docker/api.hpp"

#include "adapters/docker/fields.hpp"

#include <algorithm>
#include <charconv>
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

std::string url_encode(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'
        || c == '_' || c == '.' || c == '~')
      result += c;
    else
      (result += '%') += {digits[byte >> 4], digits[byte & 15]};
  }
  return result;
}

std::string filter_query(const std::map<std::string, std::vector<std::string>>& filters) {
  json::object result;
  for (const auto& [name, values] : filters)
    result[name] = json::array(values.begin(), values.end());
  return "filters=" + url_encode(json::serialize(result));
}

caf::error engine_error(ec code, std::string message, std::string next,
                        std::vector<std::string> evidence) {
  return make_failure(
    code, {cause::engine_unavailable, std::move(message), std::move(evidence), std::move(next)});
}

caf::error refusal(const answer& x, const std::string& what) {
  const auto words = what + ": " + x.message;
  if (x.status == 400)
    return caf::make_error(ec::invalid_request, words);
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

} // namespace backendim::docker
