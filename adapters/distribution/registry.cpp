#include "adapters/distribution/registry.hpp"

#include "adapters/http/client.hpp"
#include "adapters/subprocess/run.hpp"
#include "protocol/error.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <string_view>
#include <utility>

namespace backendim::distribution {

namespace json = boost::json;

namespace {

constexpr size_t page = 1'000;
constexpr size_t manifest_limit = 4u << 20; // the registry itself takes no larger ones
constexpr auto patience = std::chrono::seconds{30};
constexpr auto manifests = "application/vnd.oci.image.manifest.v1+json, "
                           "application/vnd.docker.distribution.manifest.v2+json";

http::client_config client_of(const std::string& address) {
  http::client_config result;
  result.url = "http://" + address;
  result.total_timeout = patience;
  result.body_limit = manifest_limit;
  return result;
}

/// The strings of an array member; a registry says null for none.
std::vector<std::string> strings(const json::value& x, std::string_view key) {
  std::vector<std::string> result;
  const auto* object = x.if_object();
  const auto* found = object ? object->if_contains(key) : nullptr;
  if (found && found->is_array())
    for (const auto& item : found->get_array())
      if (item.is_string())
        result.emplace_back(item.get_string());
  return result;
}

void add_blob(stored_image& to, const json::value& descriptor) {
  const auto* x = descriptor.if_object();
  const auto* digest = x ? x->if_contains("digest") : nullptr;
  const auto* size = x ? x->if_contains("size") : nullptr;
  if (!digest || !digest->is_string())
    return;
  boost::system::error_code wrong;
  const auto bytes = size ? size->to_number<uint64_t>(wrong) : 0;
  to.blobs[std::string{digest->get_string()}] = wrong ? 0 : bytes;
}

class http_registry : public image_registry {
public:
  explicit http_registry(registry_config config)
    : config_{std::move(config)}, client_{client_of(config_.address)} {}

  caf::expected<std::vector<std::string>> repositories() override {
    return pages("/v2/_catalog?n=" + std::to_string(page), "repositories");
  }

  caf::expected<std::vector<stored_image>> images(const std::string& repository) override {
    const auto tags = pages("/v2/" + repository + "/tags/list?n=" + std::to_string(page), "tags");
    if (!tags)
      return tags.error();
    std::map<std::string, stored_image> by_digest;
    for (const auto& tag : *tags) {
      auto found = image(repository, tag);
      if (!found && found.error() == ec::not_found)
        continue; // it went meanwhile
      if (!found)
        return std::move(found.error());
      auto& kept = by_digest.try_emplace(found->digest, std::move(*found)).first->second;
      kept.tags.push_back(tag);
    }
    std::vector<stored_image> result;
    for (auto& [digest, x] : by_digest)
      result.push_back(std::move(x));
    return result;
  }

  caf::expected<caf::unit_t> remove(const std::string& repository,
                                    const std::string& digest) override {
    auto got = call("DELETE", "/v2/" + repository + "/manifests/" + digest);
    if (!got)
      return std::move(got.error());
    if (got->status == 202 || got->status == 404)
      return caf::unit;
    if (got->status == 405)
      return caf::make_error(ec::forbidden, "the registry at " + config_.address
                                              + " removes nothing: set storage.delete.enabled");
    return strange(*got, repository);
  }

  caf::expected<caf::unit_t> remove_unused_layers(std::stop_token stop) override {
    if (config_.remove_layers.empty())
      return caf::make_error(ec::conflict, "disk.registry_gc names no command: the registry keeps "
                                           "the layers of images that are gone");
    subprocess::command x;
    x.argv = config_.remove_layers;
    // docker-registry with S3 panics when AWS_CA_BUNDLE is set, so it gets nothing of ours.
    x.env = {{"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}};
    x.limit = config_.limit;
    auto ran = subprocess::run(x, {}, std::move(stop));
    if (!ran)
      return std::move(ran.error());
    if (ran->stopped)
      return caf::make_error(ec::timed_out,
                             config_.remove_layers[0] + " was stopped, or took too long");
    if (!ran->good())
      return caf::make_error(ec::unavailable,
                             config_.remove_layers[0] + " failed: "
                               + (ran->tail.empty() ? "without a word" : ran->tail.back()));
    return caf::unit;
  }

private:
  caf::expected<http::response> call(const char* method, const std::string& target,
                                     std::vector<http::header> headers = {}) {
    http::request what;
    what.method = method;
    what.target = target;
    what.headers = std::move(headers);
    auto got = client_.send(what);
    if (!got)
      return caf::make_error(ec::unavailable, "the registry at " + config_.address
                                                + " does not answer: " + render(got.error()));
    return got;
  }

  caf::error strange(const http::response& x, const std::string& what) const {
    return caf::make_error(ec::unavailable, "the registry at " + config_.address + " answers "
                                              + std::to_string(x.status) + " for " + what);
  }

  /// A list that comes in pages, each naming the next in its Link header.
  caf::expected<std::vector<std::string>> pages(std::string target, const char* key) {
    std::vector<std::string> result;
    while (!target.empty()) {
      auto got = call("GET", target);
      if (!got)
        return std::move(got.error());
      if (got->status == 404)
        return result;
      boost::system::error_code wrong;
      const auto body = json::parse(got->body, wrong);
      if (got->status != 200 || wrong)
        return strange(*got, target);
      const auto found = strings(body, key);
      result.insert(result.end(), found.begin(), found.end());
      const auto link = std::string{got->field("Link")}; // </v2/…>; rel="next"
      const auto begin = link.find('/'), end = link.find('>');
      const bool more = begin != link.npos && end != link.npos && begin < end && !found.empty();
      target = more ? link.substr(begin, end - begin) : "";
    }
    return result;
  }

  caf::expected<stored_image> image(const std::string& repository, const std::string& tag) {
    const auto got
      = call("GET", "/v2/" + repository + "/manifests/" + tag, {{"Accept", manifests}});
    if (!got)
      return got.error();
    if (got->status == 404)
      return caf::make_error(ec::not_found, repository + ":" + tag);
    boost::system::error_code wrong;
    const auto body = json::parse(got->body, wrong);
    stored_image result;
    result.repository = repository;
    result.digest = got->field("Docker-Content-Digest");
    if (got->status != 200 || wrong || !body.is_object() || result.digest.empty())
      return strange(*got, repository + ":" + tag);
    result.blobs[result.digest] = got->body.size();
    const auto& manifest = body.get_object();
    if (const auto* x = manifest.if_contains("config"))
      add_blob(result, *x);
    if (const auto* layers = manifest.if_contains("layers"); layers && layers->is_array())
      for (const auto& x : layers->get_array())
        add_blob(result, x);
    return result;
  }

  const registry_config config_;
  http::client client_;
};

} // namespace

std::shared_ptr<image_registry> open_registry(registry_config config) {
  return std::make_shared<http_registry>(std::move(config));
}

} // namespace backendim::distribution
