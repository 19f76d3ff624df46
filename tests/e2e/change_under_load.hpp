#pragma once

#include <cstdint>
#include <string>

namespace backendim::e2e {

/// Deploys, rolls back and scales *app* and restarts the platform while clients ask for the app at
/// *port*, and expects that no request fails, and that after each deploy and rollback the next
/// answer is of the new release. Short; with BACKENDIM_LOAD=long 10 deploys, 5 rollbacks and 5
/// changes of scale under 400 requests a second.
void change_under_load(const std::string& app, uint16_t port);

} // namespace backendim::e2e
