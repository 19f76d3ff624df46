#pragma once

#include "adapters/buildah/builder.hpp"
#include "adapters/lines.hpp"

#include <caf/error.hpp>

#include <map>
#include <stop_token>
#include <string>

namespace backendim::buildah {

/// Has a base image made and pushed unless the registry has it. *generated*: the Containerfile that
/// asks for it is ours. Fails with what build() fails with.
caf::error make_base(const builder_options& options, const std::string& name, bool generated,
                     std::map<std::string, std::string> env, const line_sink& on_line,
                     const std::stop_token& stop);

/// The error of work that was told to stop.
caf::error stopped();

} // namespace backendim::buildah
