#include "adapters/docker/service_secrets.hpp"

#include "adapters/crypto/digest.hpp"
#include "adapters/docker/fields.hpp"
#include "adapters/docker/image_config.hpp"

#include <sodium.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace backendim::docker {

namespace {

namespace json = boost::json;

constexpr auto variables_path = "/run/backend-im/env";
constexpr size_t name_digits = 40;  // Swarm takes names of up to 64
constexpr size_t largest = 500'000; // bytes that Swarm takes

std::string base64(std::string_view bytes) {
  constexpr auto variant = sodium_base64_VARIANT_ORIGINAL;
  std::string result(sodium_base64_encoded_len(bytes.size(), variant), '\0');
  sodium_bin2base64(result.data(), result.size(),
                    reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), variant);
  result.pop_back(); // the zero at its end
  return result;
}

/// What bin/start reads.
std::string variables_of(const std::map<std::string, std::string>& env) {
  std::string result;
  for (const auto& [key, value] : env)
    result.append(key).append("=").append(value).append(1, '\0');
  return result;
}

std::optional<std::string> numeric(std::string_view x) {
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(x.data(), x.data() + x.size(), value);
  if (error != std::errc{} || end != x.data() + x.size())
    return std::nullopt;
  return std::string{x};
}

/// Only the user of the image may read. Who that is by name stands in the image: then everybody in
/// its containers may, who are no more than that user.
void set_owner(secret_use& use, const std::string& user) {
  const auto colon = user.find(':');
  const auto uid = numeric(user.empty() ? "0" : user.substr(0, colon));
  const auto gid = numeric(colon == user.npos ? "0" : user.substr(colon + 1));
  use.mode = uid && gid ? 0400 : 0444;
  use.uid = uid && gid ? *uid : "0";
  use.gid = uid && gid ? *gid : "0";
}

} // namespace

std::string service_secrets::name_of(const std::string& service, const std::string& path) const {
  const auto all = config_.platform_id + '\0' + service + '\0' + path;
  return "bim-" + crypto::sha256_hex(all).substr(0, name_digits);
}

caf::expected<secret_use> service_secrets::place(const service_spec& spec) {
  secret_use result;
  auto files = spec.secrets;
  if (!spec.secret_env.empty())
    files.push_back({variables_path, variables_of(spec.secret_env)});
  if (files.empty())
    return result;
  auto image = find_image_config(api_, spec.image);
  if (!image)
    return std::move(image.error());
  set_owner(result, image->user);
  for (const auto& file : files) {
    auto id = ensure(spec, file);
    if (!id)
      return std::move(id.error());
    result.files.push_back({std::move(*id), name_of(spec.name, file.path), file.path});
  }
  if (spec.secret_env.empty())
    return result;
  if (config_.starter.empty())
    return caf::make_error(ec::unavailable, "there is no program that starts apps with secrets");
  // Overriding how an image starts hides both of its own words for it.
  result.command = spec.command;
  if (result.command.empty()) {
    result.command = std::move(image->entrypoint);
    result.command.insert(result.command.end(), image->command.begin(), image->command.end());
  }
  if (result.command.empty())
    return make_failure(ec::invalid_request, {cause::missing_binary,
                                              "The image does not say what it starts.",
                                              {},
                                              "Give the Dockerfile a CMD or an ENTRYPOINT."});
  result.starter = config_.starter;
  result.command.insert(result.command.begin(), {starter_path, variables_path});
  return result;
}

caf::expected<std::string> service_secrets::ensure(const service_spec& spec,
                                                   const secret_file& file) {
  if (file.content.empty() || file.content.size() > largest)
    return caf::make_error(ec::invalid_request, "a secret has 1 to 500000 bytes: " + file.path);
  const auto name = name_of(spec.name, file.path);
  auto labels = tenant_labels(config_.platform_id, spec.tenant);
  labels[label::app] = spec.app;
  labels[label::service] = spec.name;
  auto made = api_.post(
    "/secrets/create",
    json::object{{"Name", name}, {"Labels", std::move(labels)}, {"Data", base64(file.content)}});
  if (!made)
    return std::move(made.error());
  if (made->ok())
    return text(made->body, "/ID");
  if (made->status != 409)
    return refusal(*made, "secret of " + spec.name);
  auto there = api_.get("/secrets/" + name); // of an earlier try: a release does not change
  if (!there)
    return std::move(there.error());
  if (there->ok()
      && member(members(there->body, "/Spec/Labels"), label::platform) == config_.platform_id)
    return text(there->body, "/ID");
  return refusal(*there, "secret of " + spec.name);
}

caf::expected<caf::unit_t> service_secrets::remove(const std::string& service) {
  const auto of_platform = std::string{label::platform} + "=" + config_.platform_id;
  const auto of_service = std::string{label::service} + "=" + service;
  auto got = api_.get("/secrets?" + filter_query({{"label", {of_platform, of_service}}}));
  if (!got)
    return std::move(got.error());
  if (!got->ok())
    return refusal(*got, "secrets of " + service);
  for (const auto& x : list(got->body, "")) {
    auto removed = api_.remove("/secrets/" + text(x, "/ID"));
    if (!removed)
      return std::move(removed.error());
    if (!removed->ok() && removed->status != 404)
      return refusal(*removed, "secret of " + service);
  }
  return caf::unit;
}

} // namespace backendim::docker
