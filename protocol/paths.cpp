#include "protocol/paths.hpp"

#include "protocol/app_name.hpp"
#include "protocol/error.hpp"
#include "protocol/ulid.hpp"

#include <algorithm>
#include <utility>

namespace backendim {

namespace {

using enum path_part;

// In the order of path_kind.
constexpr std::array<path_shape, path_kinds> shapes{{
  {"tenant", {tenant}, 1, std::nullopt, false, "get_tenant"},
  {"quota", {tenant}, 1, path_kind::tenant, true, "get_quota"},
  {"app", {tenant, app}, 2, path_kind::tenant, true, "get_app"},
  {"deployment", {tenant, id}, 2, path_kind::tenant, true, "get_deployment"},
  {"task", {tenant, id}, 2, path_kind::tenant, true, "get_one_off"},
  {"build", {tenant, id}, 2, path_kind::deployment, false, ""},
  {"rollout", {tenant, id}, 2, path_kind::deployment, false, ""},
  {"service", {tenant, service}, 2, path_kind::tenant, false, "get_service"},
  {"gateway", {machine}, 1, path_kind::node, true, "get_gateway"},
  {"node", {machine}, 1, std::nullopt, true, "get_node"},
  {"disk", {machine}, 1, path_kind::node, true, "get_disk"},
  {"accounts", {}, 0, std::nullopt, true, "get_tenants"},
  {"domains", {}, 0, std::nullopt, true, "get_all_domains"},
  {"incidents", {}, 0, std::nullopt, true, "get_incidents"},
  {"build_queue", {}, 0, std::nullopt, true, "get_build_queue"},
  {"reconciler", {}, 0, std::nullopt, true, "get_reconciliation"},
}};

std::string join(path_kind kind, std::initializer_list<std::string_view> parts) {
  std::string result{shape_of(kind).name};
  for (const auto part : parts) {
    result += '/';
    result += part;
  }
  return result;
}

template <path_kind Kind>
path<Kind> make(std::initializer_list<std::string_view> parts) {
  return {join(Kind, parts)};
}

bool consists_of(std::string_view x, size_t longest, std::string_view others, bool capitals) {
  return !x.empty() && x.size() <= longest && std::ranges::all_of(x, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (capitals && c >= 'A' && c <= 'Z')
           || others.find(c) != others.npos;
  });
}

bool is_part(path_part what, const std::string& x) {
  switch (what) {
    case tenant:
    case app: return is_name(x);
    case id: return is_ulid(x);
    case service: return consists_of(x, 63, "-", false);
    case machine: return consists_of(x, 253, "._-", true);
  }
  return false;
}

} // namespace

const path_shape& shape_of(path_kind kind) {
  return shapes.at(static_cast<size_t>(kind));
}

path<path_kind::tenant> tenant_path(std::string_view tenant) {
  return make<path_kind::tenant>({tenant});
}

path<path_kind::quota> quota_path(std::string_view tenant) {
  return make<path_kind::quota>({tenant});
}

path<path_kind::app> app_path(std::string_view tenant, std::string_view app) {
  return make<path_kind::app>({tenant, app});
}

path<path_kind::deployment> deployment_path(std::string_view tenant, std::string_view id) {
  return make<path_kind::deployment>({tenant, id});
}

path<path_kind::task> task_path(std::string_view tenant, std::string_view id) {
  return make<path_kind::task>({tenant, id});
}

path<path_kind::build> build_path(std::string_view tenant, std::string_view deployment) {
  return make<path_kind::build>({tenant, deployment});
}

path<path_kind::rollout> rollout_path(std::string_view tenant, std::string_view deployment) {
  return make<path_kind::rollout>({tenant, deployment});
}

path<path_kind::service> service_path(std::string_view tenant, std::string_view service) {
  return make<path_kind::service>({tenant, service});
}

path<path_kind::gateway> gateway_path(std::string_view node) {
  return make<path_kind::gateway>({node});
}

path<path_kind::node> node_path(std::string_view node) {
  return make<path_kind::node>({node});
}

path<path_kind::disk> disk_path(std::string_view node) {
  return make<path_kind::disk>({node});
}

path<path_kind::accounts> accounts_path() {
  return make<path_kind::accounts>({});
}

path<path_kind::domains> domains_path() {
  return make<path_kind::domains>({});
}

path<path_kind::incidents> incidents_path() {
  return make<path_kind::incidents>({});
}

path<path_kind::build_queue> build_queue_path() {
  return make<path_kind::build_queue>({});
}

path<path_kind::reconciler> reconciler_path() {
  return make<path_kind::reconciler>({});
}

std::string prefix_of(path_kind kind) {
  const auto& shape = shape_of(kind);
  return std::string{shape.name} + (shape.count > 0 ? "/" : "");
}

std::string parsed_path::tenant() const {
  const auto& shape = shape_of(kind);
  return shape.count > 0 && shape.parts[0] == path_part::tenant ? parts[0] : "";
}

std::string parsed_path::parent() const {
  const auto above = shape_of(kind).parent;
  if (!above)
    return "";
  std::string result{shape_of(*above).name};
  for (size_t i = 0; i < shape_of(*above).count; ++i)
    result += "/" + parts.at(i);
  return result;
}

caf::expected<parsed_path> parse_path(std::string_view text) {
  const auto end = std::min(text.find('/'), text.size());
  const auto found = std::ranges::find(shapes, text.substr(0, end), &path_shape::name);
  if (found == shapes.end())
    return caf::make_error(ec::not_found, "no actor at " + std::string{text});
  parsed_path result;
  result.kind = static_cast<path_kind>(found - shapes.begin());
  for (auto rest = text.substr(end); !rest.empty();) {
    rest.remove_prefix(1);
    const auto next = std::min(rest.find('/'), rest.size());
    result.parts.emplace_back(rest.substr(0, next));
    rest.remove_prefix(next);
  }
  bool fits = result.parts.size() == found->count;
  for (size_t i = 0; fits && i < found->count; ++i)
    fits = is_part(found->parts[i], result.parts[i]);
  if (!fits)
    return caf::make_error(ec::invalid_request, "not a path of a " + std::string{found->name});
  return result;
}

// A tenant's name has no underscore.
std::string work_name(std::string_view tenant, std::string_view id) {
  return std::string{tenant} + "_" + std::string{id};
}

std::string id_of_work(std::string_view work) {
  const auto end = work.find('_');
  return std::string{end == work.npos ? work : work.substr(end + 1)};
}

std::string tenant_of_work(std::string_view work) {
  const auto end = work.find('_');
  return std::string{end == work.npos ? "" : work.substr(0, end)};
}

} // namespace backendim
