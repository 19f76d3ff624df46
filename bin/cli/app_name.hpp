#pragma once

#include "protocol/app_config.hpp"
#include "protocol/app_name.hpp"

#include <caf/expected.hpp>

#include <filesystem>
#include <string>
#include <string_view>

namespace backendim::cli {

class session;

/// The app that a folder holds: what its config says, else its own name. Fails as a usage problem
/// when neither is one.
caf::expected<std::string> app_of(const std::filesystem::path& folder, const app_config& config);

/// The operand, or the app of the current folder.
caf::expected<std::string> app_or_here(session& s, const std::string& operand);

/// Whether *x* has the form of a deployment's id, a ULID; no app's name has.
bool is_deployment_id(std::string_view x);

} // namespace backendim::cli
