#pragma once

#include "protocol/described.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace backendim {

struct disk_space {
  static constexpr std::string_view summary = "What is free on one disk.";
  static constexpr field_doc docs[] = {
    {"folder", "The first folder of ours that lies on it."},
    {"free_bytes", "That may still be written by others than root."},
    {"free_files", "That may still be made; 0 with total_files 0: the disk has no such limit."},
  };
  std::string folder;
  uint64_t free_bytes = 0;
  uint64_t total_bytes = 0;
  uint64_t free_files = 0;
  uint64_t total_files = 0;
  friend bool operator==(const disk_space&, const disk_space&) = default;
};
BOOST_DESCRIBE_STRUCT(disk_space, (), (folder, free_bytes, total_bytes, free_files, total_files))

struct machine_load {
  static constexpr std::string_view summary = "What a machine has left.";
  static constexpr field_doc docs[]
    = {{"memory_available", "Bytes that programs can have without swapping."}};
  uint64_t memory_available = 0;
  uint64_t memory_total = 0;
  std::vector<disk_space> disks;
  friend bool operator==(const machine_load&, const machine_load&) = default;
};
BOOST_DESCRIBE_STRUCT(machine_load, (), (memory_available, memory_total, disks))

} // namespace backendim
