#pragma once

#include "protocol/edge_rules.hpp"
#include "protocol/request_count.hpp"

#include <caf/error.hpp>
#include <caf/optional.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace backendim {

/// Where a task answers, "172.18.0.5" and 3000.
struct upstream_address {
  std::string host;
  uint16_t port = 0;
  friend auto operator<=>(const upstream_address&, const upstream_address&) = default;
};

/// Tasks that get a share of a host's requests: those of a canary.
struct route_split {
  std::string name;                        ///< What is counted under it, from table to table.
  uint32_t weight = 0;                     ///< The share, in hundredths of a percent.
  std::vector<upstream_address> upstreams; ///< Empty: the others get all.
};

/// What became of the requests of a host with a split, since the first table that had it.
struct split_count {
  request_count canary; ///< Of those that the split's tasks got.
  request_count stable; ///< Of the rest.
  uint64_t waiting = 0; ///< How many its tasks have not begun to answer.
};

/// One host name that we know.
struct host_route {
  std::vector<upstream_address> upstreams;   ///< Healthy tasks; empty: the page below is shown.
  std::string page_title;                    ///< Why nothing serves, in a few words.
  std::string page_text;                     ///< And in a sentence or two. Plain text.
  caf::optional<route_rules> rules{};        ///< Asked of each request; absent: nothing.
  caf::optional<std::string> maintenance{};  ///< Text of a page shown instead of the tasks.
  std::string tenant{};                      ///< Whose it is; "" when that is not known.
  caf::optional<uint32_t> tenant_requests{}; ///< A second, of all its tenant's hosts together.
  std::optional<route_split> split{};
};

/// The text whose mark (vault::mark) is in route_rules::logins when *login*, "user:password", may
/// come in to *host*: equal logins of two hosts have different marks.
inline std::string login_text(std::string_view host, std::string_view login) {
  std::string result{"basic_auth"};
  for (const auto part : {host, login})
    result.append(1, '\0').append(part);
  return result;
}

/// What is below this path is not any app's: GET is answered with the mark (vault::mark) of
/// challenge_text, whatever the host. So whoever knows the key sees that a host leads here.
constexpr std::string_view challenge_path = "/.well-known/backend-im/challenge/";

/// *nonce*: what stands behind challenge_path.
inline std::string challenge_text(std::string_view host, std::string_view nonce) {
  std::string result{"challenge"};
  for (const auto part : {host, nonce})
    result.append(1, '\0').append(part);
  return result;
}

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

  /// Calls *done*, from any thread and exactly once, when requests for *host*, which is in the
  /// table in use, find their way here; or with why they do not, after some seconds: unavailable.
  /// Whatever stands in front has to learn of a host first; here nothing does.
  virtual void when_reachable(const std::string& host, std::function<void(caf::error)> done) {
    (void)host;
    done({});
  }

  /// The counts of the split called *name* in the table in use; zeros when there is none.
  virtual split_count count_of(const std::string& name) {
    (void)name;
    return {};
  }

  /// What seems to keep requests from coming in, with what to do about it as a failure; empty:
  /// nothing.
  virtual caf::error trouble() { return {}; }
};

} // namespace backendim
