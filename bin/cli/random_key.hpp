#pragma once

#include <string>

namespace backendim::cli {

/// A fresh Idempotency-Key: a repeat with the same one takes effect once.
std::string random_key();

} // namespace backendim::cli
