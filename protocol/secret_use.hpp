#pragma once

#include "protocol/app_config.hpp"
#include "protocol/secret.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace backendim {

/// Whether *x* can be the name of a secret: letters, digits and _, no digit first, at most 64.
bool is_secret_name(std::string_view x);

/// The names that *text* mentions as ${SECRET:NAME}; nothing when a mention is malformed.
std::optional<std::vector<std::string>> secrets_in(std::string_view text);

/// *text* with what *value_of* says in place of each mention.
std::string with_secrets(std::string_view text,
                         const std::function<std::string(const std::string& name)>& value_of);

/// Every secret that an app of *config* needs, running, built or at the door; each once.
std::vector<std::string> secrets_of(const app_config& config);

/// The versions among *known* that an app of *config* needs.
std::vector<sealed_secret> used_secrets(const app_config& config,
                                        const std::vector<sealed_secret>& known);

/// What *config* needs and *known* lacks; "": nothing.
std::string missing_secret(const app_config& config, const std::vector<sealed_secret>& known);

} // namespace backendim
