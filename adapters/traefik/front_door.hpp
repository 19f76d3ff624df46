#pragma once

#include "adapters/edge.hpp"
#include "adapters/traefik/configuration.hpp"
#include "adapters/traefik/witness.hpp"

#include <caf/expected.hpp>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>

namespace backendim::traefik {

struct front_door_settings {
  form how;
  std::string gateway; ///< URL of the edge behind Traefik.
  std::string api;     ///< URL of Traefik's API.
  std::string entry;   ///< URL of its entrypoint without TLS.
  std::string token;   ///< Traefik's provider shows it.
  proxy::route_proof proof;

  /// What *keep* was given last by the process before this one; no value: nothing.
  std::optional<std::string> kept;
  /// Keeps the hosts across restarts. Called from a thread of its own; may block.
  std::function<void(std::string_view)> keep;

  /// How long a host may take to be reachable. Less than callers wait for a route.
  std::chrono::milliseconds patience{5'000};
  /// How long hosts of the process before this one stay without being told again.
  std::chrono::milliseconds settle{60'000};
  /// Traefik asks twice a second; one that has not for so long is away.
  std::chrono::milliseconds silence{30'000};
  /// How long nobody is told that there are no hosts when none were kept.
  std::chrono::milliseconds hush{10'000};
};

/// Traefik in front of the built-in edge: each host becomes a router of Traefik's whose only server
/// is that edge, which goes on to find the tasks, to drain and to count. So a release that switches
/// changes nothing in Traefik; only new and removed hosts do. Traefik asks for its configuration
/// (HTTP provider); the last good one is kept by Traefik while we are away and by us across
/// restarts.
class front_door final : public edge {
public:
  front_door(std::shared_ptr<edge> behind, front_door_settings settings);
  ~front_door() override;

  /// Looks for no host any more: who waits for one is told unavailable before it returns. What is
  /// published later still reaches the edge behind.
  void stop();

  void publish(route_table table, std::function<void()> used) override;
  void when_idle(std::vector<upstream_address> upstreams, std::function<void()> idle) override;
  void when_reachable(const std::string& host, std::function<void(caf::error)> done) override;
  split_count count_of(const std::string& name) override { return behind_->count_of(name); }
  caf::error trouble() override; ///< Traefik has not asked for its configuration for long.

  /// What Traefik's provider gets. Fails with unauthenticated, and with unavailable before it is
  /// known which hosts there are: Traefik keeps what it has then.
  caf::expected<std::string> configuration_for(std::string_view authorization);

private:
  using clock = std::chrono::steady_clock;
  struct visitor {
    std::string host;
    clock::time_point until;
    std::function<void(caf::error)> done;
  };

  void forget_unclaimed();
  std::set<std::string> known() const;
  void run(const std::stop_token& stop);
  void look_for(std::unique_lock<std::mutex>& lock, const std::stop_token& stop);

  const std::shared_ptr<edge> behind_;
  const front_door_settings settings_;
  const std::string token_hash_;
  const clock::time_point begun_ = clock::now();
  witness witness_; ///< Of the thread.

  std::mutex mutex_;
  std::condition_variable_any changed_;
  clock::time_point asked_ = clock::now(); ///< Or refused, by Traefik.
  std::optional<clock::time_point> first_table_;
  std::set<std::string> hosts_;     ///< Of the last table.
  std::set<std::string> unclaimed_; ///< Of the process before this one, not yet told again.
  std::set<std::string> reached_;
  std::list<visitor> waiting_;
  std::optional<std::string> bytes_; ///< No value: to be made anew.
  bool unsaved_ = false;
  bool stopped_ = false;

  std::jthread thread_; ///< Last: ends before what it uses.
};

} // namespace backendim::traefik
