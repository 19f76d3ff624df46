#pragma once

#include <functional>
#include <string_view>

namespace backendim {

/// Takes one line of output, without its end. Called in order, from the calling thread or one
/// that the callee owns, never from two at once.
using line_sink = std::function<void(std::string_view)>;

} // namespace backendim
