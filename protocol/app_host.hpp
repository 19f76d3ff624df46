#pragma once

#include "protocol/access.hpp"
#include "protocol/journal.hpp"

#include <caf/timestamp.hpp>

#include <string>

namespace backendim {

// -- what an app is told --------------------------------------------------------------------------

/// An app's own host is what the domains gave it. It remembers that, to route and show it.
struct note_host {
  static constexpr std::string_view summary = "Which host of the platform is an app's own.";
  std::string host;
  std::string url;
  request_meta meta;
  friend bool operator==(const note_host&, const note_host&) = default;
};
BOOST_DESCRIBE_STRUCT(note_host, (), (host, url, meta))

struct host_noted {
  static constexpr std::string_view summary
    = "Event: the app answers at this host of the platform.";
  std::string host;
  std::string url;
  friend bool operator==(const host_noted&, const host_noted&) = default;
};
BOOST_DESCRIBE_STRUCT(host_noted, (), (host, url))

// -- what the domains are asked -------------------------------------------------------------------

/// Before an app comes to be, and after each start, by itself. It gets what it has already.
struct claim_host {
  static constexpr std::string_view summary = "An app wants a host of the platform as its own.";
  static constexpr field_doc docs[]
    = {{"domain", "The platform's, below which hosts are. Added on the way."}};
  std::string tenant;
  std::string app;
  std::string domain;
  request_meta meta;
  friend bool operator==(const claim_host&, const claim_host&) = default;
};
BOOST_DESCRIBE_STRUCT(claim_host, (), (tenant, app, domain, meta))

struct own_host {
  static constexpr std::string_view summary = "The host of the platform that is an app's own.";
  std::string host;
  friend bool operator==(const own_host&, const own_host&) = default;
};
BOOST_DESCRIBE_STRUCT(own_host, (), (host))

// -- events ---------------------------------------------------------------------------------------

struct host_claimed {
  static constexpr std::string_view summary = "Event: a host of the platform is an app's own.";
  std::string host;
  std::string tenant;
  std::string app;
  caf::timestamp at;
  friend bool operator==(const host_claimed&, const host_claimed&) = default;
};
BOOST_DESCRIBE_STRUCT(host_claimed, (), (host, tenant, app, at))

struct host_released {
  static constexpr std::string_view summary
    = "Event: a host of the platform is an app's own no longer.";
  std::string host;
  std::string tenant;
  std::string app;
  caf::timestamp at;
  friend bool operator==(const host_released&, const host_released&) = default;
};
BOOST_DESCRIBE_STRUCT(host_released, (), (host, tenant, app, at))

} // namespace backendim
