#pragma once

#include "adapters/edge.hpp"
#include "adapters/proxy/head.hpp"
#include "adapters/proxy/limiter.hpp"
#include "adapters/proxy/page.hpp"
#include "protocol/edge_rules.hpp"
#include "protocol/ip_network.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace backendim::proxy {

struct redirect {
  star_path from;
  star_path to;
  unsigned status = 308;
};

/// What one host asks of its requests, ready to be compared. Never changes, but for what the
/// limiter counts.
struct rules {
  std::string host;
  std::vector<ip_network> allow; ///< Empty: from everywhere.
  std::shared_ptr<limiter> limit;
  std::shared_ptr<limiter> tenant_limit; ///< Shared by all hosts of a tenant and all their clients.
  bool needs_login = false;
  std::vector<std::string> logins; ///< Marks; none of them: nobody may come in.
  std::vector<redirect> redirects;
  std::optional<uint64_t> max_body;
  std::optional<page> maintenance;
};

/// Null when *from* asks for nothing. What cannot be read, and it was checked long before, lets
/// nobody in.
std::unique_ptr<const rules> rules_of(const std::string& host, const host_route& from,
                                      limiter_registry& limiters);

/// A request and when it came.
struct visit {
  const request_head& head;
  ip_address client{};
  limiter::clock::time_point now;
};

using marker = std::function<std::string(std::string_view)>;

/// The answer that the request gets instead of a task's; none: it may pass. In this order:
/// addresses, pace, the tenant's pace, maintenance, redirects (nobody is asked for a password on
/// the way to somewhere else, such as https), login, size of the body as far as the head says it.
/// What proves to an ACME server that the host is ours is not kept from it: for the one plain file
/// that it asks for only pace and size count.
std::optional<page> refusal(const rules& x, const visit& v, const marker& mark);

/// RFC 8555, 8.3: the token is of the base64url alphabet. Nothing else, lest "../" lead elsewhere.
bool is_acme_challenge(const request_head& head);

/// Whose request it is: *peer*'s, or, when that is a proxy of ours, the last one in X-Forwarded-For
/// that is none of them. What stands in front of it a client may have made up.
ip_address client_of(std::string_view peer, const request_head& head,
                     const std::vector<std::string>& proxies);

/// The "user:password" that the request says; none unless it does so once and well.
std::optional<std::string> basic_login(const request_head& head);

/// Takes as long wherever they differ.
bool equal_in_constant_time(std::string_view a, std::string_view b);

/// Where *target* is sent; none: *x* is not for it.
std::optional<std::string> location_of(const redirect& x, std::string_view target);

} // namespace backendim::proxy
