#pragma once

#include "protocol/admission.hpp"
#include "protocol/machine.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace backendim {

/// How much has to stay free, and how many may wait.
struct admission_limits {
  size_t waiting = 500;                    ///< Deployments of all tenants.
  size_t waiting_of_tenant = 50;           ///< Of one.
  uint64_t disk_floor = 2ull << 30;        ///< Bytes that stay free on each disk.
  uint64_t file_floor = 20'000;            ///< Files that can still be made on each disk.
  uint64_t memory_floor = 256ull << 20;    ///< Bytes that stay available.
  uint64_t memory_of_build = 256ull << 20; ///< And besides those for each build.
};

struct scarcity {
  bottleneck what = bottleneck::disk;
  std::string detail; ///< A sentence with figures.
  friend bool operator==(const scarcity&, const scarcity&) = default;
};

/// What keeps one more build from beginning beside *running* others. A build that runs may take
/// more at any time, so memory is kept for each.
std::optional<scarcity> scarce(const machine_load& load, const admission_limits& limits,
                               size_t running);

} // namespace backendim
