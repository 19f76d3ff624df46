#pragma once

#include "protocol/error.hpp"

#include <optional>
#include <string>
#include <vector>

namespace backendim {

/// The size of each writable folder, in bytes; what is in it counts to the task's memory.
constexpr int64_t writable_bytes = 64 << 20;

/// What is wrong with *folders* as those that an app may write in, if anything: each is an absolute
/// path in its plain form that hides nothing of the system and nothing of another one. The pointer
/// starts at the list.
std::optional<decode_error> problem_in_writable(const std::vector<std::string>& folders);

/// Whether *path* is *folder*, or in it. Both are plain.
bool is_within(const std::string& path, const std::string& folder);

} // namespace backendim
