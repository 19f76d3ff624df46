#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace backendim {

/// Where a task answers, "172.18.0.5" and 3000.
struct upstream_address {
  std::string host;
  uint16_t port = 0;
  friend auto operator<=>(const upstream_address&, const upstream_address&) = default;
};

/// One host name that we know.
struct host_route {
  std::vector<upstream_address> upstreams; ///< Healthy tasks; empty: the page below is shown.
  std::string page_title;                  ///< Why nothing serves, in a few words.
  std::string page_text;                   ///< And in a sentence or two. Plain text.
};

/// All hosts, lower case, without port. A host that is not in it gets a 404 page.
struct route_table {
  uint64_t epoch = 0; ///< Grows with each table.
  std::map<std::string, host_route> hosts;
};

/// The front door: sends requests to tasks by their Host. Thread-safe; calls do not block.
class edge {
public:
  virtual ~edge() = default;

  /// Uses *table* from now on. *used* is called, from any thread, once no new request can reach an
  /// upstream that is not in it; requests begun earlier go on.
  virtual void publish(route_table table, std::function<void()> used) = 0;

  /// Calls *idle*, from any thread and exactly once, when none of *upstreams* has a request in
  /// flight. Ask only after they are out of the table.
  virtual void when_idle(std::vector<upstream_address> upstreams, std::function<void()> idle) = 0;
};

} // namespace backendim
