#pragma once

#include <string>
#include <string_view>

namespace backendim {

/// The environment variable that a line of an app's output complains of; empty: none. The line may
/// be anything, so it is looked at once from end to end.
std::string missing_variable(std::string_view line);

} // namespace backendim
