#pragma once

#include <string>
#include <string_view>

namespace backendim {

/// Whether *x* can be the name of an app or a tenant: [a-z][a-z0-9-]{0,39}, no dash at the end.
bool is_name(const std::string& x);

/// *text* made into the name of an app: lower-case letters, digits and dashes, a letter first, at
/// most 40. Empty when nothing of it can be kept.
std::string valid_name(std::string_view text);

} // namespace backendim
