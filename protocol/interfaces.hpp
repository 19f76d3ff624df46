#pragma once

#include "protocol/paths.hpp"
#include "protocol/types.hpp"

namespace backendim {

/// The messages that what lives at a kind of path takes.
template <path_kind Kind>
struct interface_at;

template <>
struct interface_at<path_kind::tenant> {
  using type = tenant_actor;
};
template <>
struct interface_at<path_kind::quota> {
  using type = quota_actor;
};
template <>
struct interface_at<path_kind::app> {
  using type = app_actor;
};
template <>
struct interface_at<path_kind::deployment> {
  using type = deployment_actor;
};
template <>
struct interface_at<path_kind::task> {
  using type = one_off_actor;
};
template <>
struct interface_at<path_kind::build> {
  using type = build_actor;
};
template <>
struct interface_at<path_kind::rollout> {
  using type = rollout_actor;
};
template <>
struct interface_at<path_kind::service> {
  using type = service_actor;
};
template <>
struct interface_at<path_kind::gateway> {
  using type = gateway_actor;
};
template <>
struct interface_at<path_kind::node> {
  using type = node_actor;
};
template <>
struct interface_at<path_kind::disk> {
  using type = disk_actor;
};
template <>
struct interface_at<path_kind::accounts> {
  using type = accounts_actor;
};
template <>
struct interface_at<path_kind::domains> {
  using type = domains_actor;
};
template <>
struct interface_at<path_kind::incidents> {
  using type = incidents_actor;
};
template <>
struct interface_at<path_kind::build_queue> {
  using type = build_queue_actor;
};
template <>
struct interface_at<path_kind::reconciler> {
  using type = reconciler_actor;
};

} // namespace backendim
