#pragma once

#include "protocol/described.hpp"
#include "protocol/error.hpp"

#include <caf/optional.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace backendim {

struct rate_limit_config {
  static constexpr std::string_view summary = "How many requests one client address may send.";
  static constexpr field_doc docs[] = {
    {"requests", "How many requests one client address may send in `seconds`; an IPv6 client is "
                 "its /64. More get 429 and `Retry-After`."},
    {"seconds", "1 to 3600. Default 1."},
    {"burst", "How many may come at once after a pause. Default: requests."},
  };
  static constexpr field_bounds bounds[]
    = {{"requests", 1, 1'000'000}, {"seconds", 1, 3'600}, {"burst", 1, 1'000'000}};
  caf::optional<uint32_t> requests;
  caf::optional<uint32_t> seconds;
  caf::optional<uint32_t> burst;
  friend bool operator==(const rate_limit_config&, const rate_limit_config&) = default;
};
BOOST_DESCRIBE_STRUCT(rate_limit_config, (), (requests, seconds, burst))

struct redirect_config {
  static constexpr std::string_view summary = "Requests that are sent elsewhere.";
  static constexpr field_doc docs[] = {
    {"from", "A path; one that ends in `/*` is all below it, too."},
    {"to", "A path, or an http or https URL; `/*` at its end takes what `*` stood for. The query "
           "is kept unless it has one of its own."},
    {"status", "301, 302, 307 or 308. Default 308."},
  };
  caf::optional<std::string> from;
  caf::optional<std::string> to;
  caf::optional<uint16_t> status;
  friend bool operator==(const redirect_config&, const redirect_config&) = default;
};
BOOST_DESCRIBE_STRUCT(redirect_config, (), (from, to, status))

/// What the front door asks of the requests for an app; part of its releases.
struct edge_rules {
  static constexpr std::string_view summary = "What the front door asks of an app's requests.";
  static constexpr field_doc docs[] = {
    {"basic_auth", "Who may come in: a password for each user, `${SECRET:NAME}` and nothing else. "
                   "Others get 401."},
    {"allow", "Addresses and networks that requests may come from. Others get 403."},
    {"max_body", "The largest body of a request, like 512KB or 10MB; KiB and MiB are of 1024. "
                 "A larger one gets 413."},
  };
  caf::optional<rate_limit_config> rate_limit;
  caf::optional<std::map<std::string, std::string>> basic_auth;
  caf::optional<std::vector<std::string>> allow;
  caf::optional<std::vector<redirect_config>> redirects;
  caf::optional<std::string> max_body;
  friend bool operator==(const edge_rules&, const edge_rules&) = default;
};
BOOST_DESCRIBE_STRUCT(edge_rules, (), (rate_limit, basic_auth, allow, redirects, max_body))

struct route_rules {
  static constexpr std::string_view summary = "What an edge asks of a host's requests.";
  static constexpr field_doc docs[]
    = {{"logins", "Marks of the logins that may come in (login_text in adapters/edge.hpp)."}};
  edge_rules what;
  std::vector<std::string> logins;
  friend bool operator==(const route_rules&, const route_rules&) = default;
};
BOOST_DESCRIBE_STRUCT(route_rules, (), (what, logins))

/// What a type cannot say about *x*, if anything; its pointer starts at *x*.
std::optional<decode_error> problem_in(const edge_rules& x);

/// The bytes of "512KB", "10MiB" or "2000000".
std::optional<uint64_t> parse_size(std::string_view text);

/// A redirect's path without the star at its end, which stood for all below it.
struct star_path {
  std::string base;
  bool star = false;
};
star_path split_star(std::string_view path);

/// What of *path* is behind a rule's *from*; none: the rule is not for it. Both without a query.
std::optional<std::string_view> rest_behind(const star_path& from, std::string_view path);

} // namespace backendim
