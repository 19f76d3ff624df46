#pragma once

#include <caf/expected.hpp>

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace backendim {

/// What lives at a path. The first part of a path is the name of its kind.
enum class path_kind : uint8_t {
  tenant,
  quota,
  app,
  deployment,
  task,
  build,
  rollout,
  service,
  gateway,
  node,
  disk,
  accounts,
  domains,
  incidents,
  build_queue,
  reconciler,
};
constexpr size_t path_kinds = 16;

/// What a part of a path behind the kind must be.
enum class path_part : uint8_t {
  tenant,  ///< is_name. It comes first, and makes all that is behind it the tenant's.
  app,     ///< is_name
  id,      ///< is_ulid
  service, ///< As Swarm names services: [a-z0-9-]{1,63}.
  machine, ///< A host's name: [A-Za-z0-9._-]{1,253}.
};

/// A kind of path, declared once. Which messages it takes stands in interfaces.hpp.
struct path_shape {
  std::string_view name;
  std::array<path_part, 2> parts{};
  size_t count = 0;                  ///< Of the parts.
  std::optional<path_kind> parent{}; ///< Which has the first of its parts.
  bool restarts = false;             ///< After it failed, without being asked.
  std::string_view state_query = ""; ///< The message that shows its state; "": none.
};

const path_shape& shape_of(path_kind kind);

/// A path of a known kind: whoever has one knows which messages may be sent there.
template <path_kind Kind>
struct path {
  std::string text;
};

path<path_kind::tenant> tenant_path(std::string_view tenant);
path<path_kind::quota> quota_path(std::string_view tenant);
path<path_kind::app> app_path(std::string_view tenant, std::string_view app);
path<path_kind::deployment> deployment_path(std::string_view tenant, std::string_view id);
path<path_kind::task> task_path(std::string_view tenant, std::string_view id);
path<path_kind::build> build_path(std::string_view tenant, std::string_view deployment);
path<path_kind::rollout> rollout_path(std::string_view tenant, std::string_view deployment);
path<path_kind::service> service_path(std::string_view tenant, std::string_view service);
path<path_kind::gateway> gateway_path(std::string_view node);
path<path_kind::node> node_path(std::string_view node);
path<path_kind::disk> disk_path(std::string_view node);
path<path_kind::accounts> accounts_path();
path<path_kind::domains> domains_path();
path<path_kind::incidents> incidents_path();
path<path_kind::build_queue> build_queue_path();
path<path_kind::reconciler> reconciler_path();

/// With what all paths of a kind begin, to list them.
std::string prefix_of(path_kind kind);

struct parsed_path {
  path_kind kind = path_kind::tenant;
  std::vector<std::string> parts; ///< Behind the kind, each what it must be.

  /// Whose it is; empty: the platform's.
  std::string tenant() const;
  /// The path of its parent; empty: it has none.
  std::string parent() const;
};

/// Fails with not_found for a kind that there is not, invalid_request for parts that are none of
/// the kind's.
caf::expected<parsed_path> parse_path(std::string_view text);

/// How files and folders of what lives at <kind>/<tenant>/<id> are called, and back: the id, and
/// the tenant if it is named (releases before named none).
std::string work_name(std::string_view tenant, std::string_view id);
std::string id_of_work(std::string_view work);
std::string tenant_of_work(std::string_view work);

} // namespace backendim
