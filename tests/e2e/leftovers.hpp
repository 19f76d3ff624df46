#pragma once

#include <string>

namespace backendim::e2e {

/// What there is on this machine that no living app and no open deployment needs: services,
/// networks, build folders, network namespaces, cgroups, mounts, processes, working containers,
/// half uploads. One line for each; empty: nothing. Ask when no deployment is under way: waits up
/// to a minute for the removal of what is on its way out.
std::string leftovers();

} // namespace backendim::e2e
