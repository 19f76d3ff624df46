#pragma once

#include "adapters/prober.hpp"

#include <memory>

namespace backendim::proxy {

/// A prober on one thread of its own; upstreams are IP addresses, names are not looked up. Whoever
/// is still waiting when it is destroyed gets no_answer. It may be destroyed in a callback.
std::shared_ptr<prober> make_prober();

} // namespace backendim::proxy
