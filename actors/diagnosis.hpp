#pragma once

#include "protocol/error.hpp"
#include "protocol/gateway.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace backendim {

/// Why a task that ended before it was ready ended, from its exit and its last output.
failure diagnose_exit(const task& ended, const evidence& shown);

/// Why a task that served ended by itself.
failure diagnose_end(const task& ended, const evidence& shown);

/// What became of a release command that failed.
failure diagnose_command(const task_ended& x);

/// Why a running task that nobody can connect to is silent. Empty: it may still come. *refused_for*
/// is how long connections to it have been refused.
std::optional<failure> diagnose_silence(const await_release& wanted, const evidence& shown,
                                        std::chrono::milliseconds refused_for);

/// A task whose health path keeps answering *status*.
failure diagnose_health(const await_release& wanted, unsigned status, const evidence& shown);

/// A task that no node could take or start, if *pending* says so.
std::optional<failure> diagnose_placement(const task& pending);

} // namespace backendim
