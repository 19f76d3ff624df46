#pragma once

#include <chrono>
#include <string>

namespace backendim {

/// A new ULID (github.com/ulid/spec): 26 letters of Crockford's base 32, of which the first ten are
/// the time in milliseconds, so that ids sort by age. Thread-safe.
std::string make_ulid();

/// Whether *x* has the form of a ULID.
bool is_ulid(const std::string& x);

/// When the ULID *x* was made; the epoch for what is none.
std::chrono::system_clock::time_point ulid_time(const std::string& x);

} // namespace backendim
