#include "actors/app_hosts.hpp"

#include "protocol/fingerprint.hpp"

namespace backendim {

namespace {

constexpr size_t longest_label = 63;
constexpr size_t mark_length = 6;

std::string joined(const std::string& tenant, const std::string& app) {
  return app + "-" + tenant;
}

/// What it is made of cannot be read two ways: no name has a slash.
std::string mark_of(const std::string& tenant, const std::string& app, uint32_t number) {
  return letters_of(tenant + "/" + app + "/" + std::to_string(number), mark_length);
}

} // namespace

std::string plain_label(const std::string& tenant, const std::string& app) {
  auto result = joined(tenant, app);
  return result.size() <= longest_label ? result : "";
}

std::string marked_label(const std::string& tenant, const std::string& app, uint32_t number) {
  auto result = joined(tenant, app).substr(0, longest_label - mark_length - 1);
  result.erase(result.find_last_not_of('-') + 1);
  return result + "-" + mark_of(tenant, app, number);
}

std::string first_host(const std::string& tenant, const std::string& app,
                       const std::string& domain) {
  const auto plain = plain_label(tenant, app);
  return (plain.empty() ? marked_label(tenant, app, 0) : plain) + "." + domain;
}

bool is_host_of(const std::string& host, const std::string& domain) {
  const auto dot = host.find('.');
  return dot != host.npos && host.compare(dot + 1, host.npos, domain) == 0;
}

} // namespace backendim
