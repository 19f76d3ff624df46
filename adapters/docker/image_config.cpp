#include "adapters/docker/image_config.hpp"

#include "adapters/docker/fields.hpp"
#include "adapters/http/client.hpp"

#include <utility>

namespace backendim::docker {

namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr auto manifest_types = "application/vnd.oci.image.manifest.v1+json, "
                                "application/vnd.docker.distribution.manifest.v2+json";

std::vector<std::string> words(const json::value& x, const char* pointer) {
  std::vector<std::string> result;
  for (const auto& word : list(x, pointer))
    result.push_back(text(word, ""));
  return result;
}

/// *x* as the engine writes it; registries begin their keys with small letters only one level up.
image_config decode(const json::value& x) {
  return {words(x, "/Entrypoint"), words(x, "/Cmd"), text(x, "/User")};
}

caf::expected<json::value> get_json(http::client& registry, const std::string& target) {
  http::request what;
  what.target = target;
  what.headers = {{"Accept", manifest_types}};
  auto got = registry.send(what);
  if (!got)
    return std::move(got.error());
  if (got->status == 404)
    return caf::make_error(ec::not_found, "the registry has no " + target);
  boost::system::error_code failed;
  auto value = json::parse(got->body, failed);
  if (got->status != 200 || failed)
    return make_failure(ec::unavailable, {cause::registry_unavailable,
                                          "The registry does not tell how the image is started.",
                                          {target + ": HTTP status " + std::to_string(got->status)},
                                          "Check that the registry runs, then deploy again."});
  return value;
}

caf::expected<image_config> ask_registry(const std::string& image) {
  const auto slash = image.find('/');
  const auto mark = image.find('@');
  if (slash == image.npos || mark == image.npos || mark < slash)
    return caf::make_error(ec::not_found, "no image " + image);
  http::client_config config;
  config.url = "http://" + image.substr(0, slash);
  config.total_timeout = 10s;
  http::client registry{config};
  const auto repository = "/v2/" + image.substr(slash + 1, mark - slash - 1);
  const auto manifest = get_json(registry, repository + "/manifests/" + image.substr(mark + 1));
  if (!manifest)
    return manifest.error();
  const auto about = get_json(registry, repository + "/blobs/" + text(*manifest, "/config/digest"));
  if (!about)
    return about.error();
  const auto* object = about->if_object();
  const auto* config_part = object ? object->if_contains("config") : nullptr;
  return config_part ? decode(*config_part) : image_config{};
}

} // namespace

caf::expected<image_config> find_image_config(api& engine, const std::string& image) {
  auto got = engine.get("/images/" + image + "/json");
  if (!got)
    return std::move(got.error());
  if (got->ok())
    if (const auto* object = got->body.if_object())
      if (const auto* config = object->if_contains("Config"))
        return decode(*config);
  return ask_registry(image);
}

} // namespace backendim::docker
