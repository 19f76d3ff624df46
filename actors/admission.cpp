#include "actors/admission.hpp"

#include <algorithm>

namespace backendim {

namespace {

std::string mebibytes(uint64_t bytes) {
  return std::to_string(bytes >> 20) + " MiB";
}

} // namespace

std::optional<scarcity> scarce(const machine_load& load, const admission_limits& limits,
                               size_t running) {
  for (const auto& disk : load.disks) {
    if (disk.free_bytes < limits.disk_floor)
      return scarcity{bottleneck::disk, "The disk of " + disk.folder + " has "
                                          + mebibytes(disk.free_bytes) + " free; builds need "
                                          + mebibytes(limits.disk_floor) + "."};
    // A small disk that is made for few files is not full because of that.
    const auto files = std::min(limits.file_floor, disk.total_files / 20);
    if (disk.free_files < files)
      return scarcity{bottleneck::disk, "The disk of " + disk.folder + " has room for "
                                          + std::to_string(disk.free_files)
                                          + " more files; builds need " + std::to_string(files)
                                          + "."};
  }
  const auto need = limits.memory_floor + limits.memory_of_build * (running + 1);
  if (load.memory_total > 0 && load.memory_available < need)
    return scarcity{bottleneck::memory,
                    mebibytes(load.memory_available) + " of memory are available; one more build "
                      + "needs " + mebibytes(need) + " with what is kept for those that run."};
  return std::nullopt;
}

} // namespace backendim
