#pragma once

#include "protocol/app_config.hpp"

#include <caf/expected.hpp>

#include <string>
#include <string_view>

namespace backendim::inspection {

/// Decodes the text of backend-im.yml, named *file* in errors, and checks what problem_in() does.
/// Fails like source_inspector::read_config.
caf::expected<app_config> parse_config(std::string_view text, const std::string& file);

} // namespace backendim::inspection
