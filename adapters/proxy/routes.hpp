#pragma once

#include "adapters/edge.hpp"
#include "adapters/proxy/rules.hpp"
#include "adapters/proxy/split.hpp"
#include "adapters/proxy/upstreams.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace backendim::proxy {

/// Tasks that take turns.
struct upstream_group {
  std::vector<upstream_ptr> members;
  mutable std::atomic<unsigned> turn{0};

  /// The next one in turn of those not in *tried*; one that refused within the last second only
  /// when there is no other. None is left: null.
  upstream_ptr pick(const std::vector<upstream_ptr>& tried) const;
};

/// A canary beside a host's tasks.
struct canary_group {
  upstream_group tasks;
  uint32_t weight = 0; ///< Hundredths of a percent.
  std::shared_ptr<split_tally> tally;
};

/// A host of a table in use.
struct route {
  upstream_group tasks;
  std::unique_ptr<const canary_group> canary; ///< Null: there is none.
  std::string page_title;
  std::string page_text;
  std::unique_ptr<const rules> asked; ///< Of each request; null: nothing.
};

/// A published table; never changes, and is shared by all workers.
class routes {
public:
  routes() = default;
  routes(route_table table, upstream_registry& registry, limiter_registry& limiters,
         tally_registry& tallies);

  /// By a lower-case name without port; null when nobody has it.
  const route* find(std::string_view host) const;
  bool names(const upstream* x) const { return upstreams_.contains(x); }
  uint64_t epoch() const { return epoch_; }

private:
  struct text_hash {
    using is_transparent = void;
    size_t operator()(std::string_view x) const { return std::hash<std::string_view>{}(x); }
  };
  uint64_t epoch_ = 0;
  std::unordered_map<std::string, route, text_hash, std::equal_to<>> hosts_;
  std::unordered_set<const upstream*> upstreams_;
};

/// What a host is found by: lower case, without port and final dot.
void assign_host_key(std::string& key, std::string_view authority);

} // namespace backendim::proxy
