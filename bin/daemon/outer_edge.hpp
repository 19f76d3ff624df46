#pragma once

#include "actors/app_driver.hpp"
#include "bin/daemon/config.hpp"
#include "bin/daemon/equipment.hpp"

#include <caf/expected.hpp>
#include <caf/unit.hpp>

#include <cstdint>
#include <vector>

namespace backendim::daemon {

/// Opens the built-in edge with the routes that are remembered and, if the settings say so, what
/// connects it with a Traefik in front. Fails with unavailable when a port or a file cannot be had.
caf::expected<caf::unit_t> open_edges(const config& x, equipment& gear, listening_sockets& sockets);

/// Why the edge could not open with these settings; empty: as far as files are concerned it could.
caf::error unready(const config& x);

/// The TCP ports of this machine at which apps answer, as far as the settings name them.
std::vector<uint16_t> public_ports(const config& x);

/// Where apps answer, as seen by their users.
url_form url_form_of(const config& x, const equipment& gear);

} // namespace backendim::daemon
