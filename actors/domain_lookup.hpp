#pragma once

#include "adapters/domain_inspector.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <chrono>
#include <memory>
#include <stop_token>

namespace backendim {

/// How long one look at a domain may take.
constexpr std::chrono::seconds lookup_limit{8};

/// Looks domains up, which blocks: bin spawns it detached. It ends what it does at *stop*.
domain_lookup_actor::behavior_type domain_lookup(domain_lookup_actor::pointer self,
                                                 std::shared_ptr<domain_inspector> eyes,
                                                 std::stop_token stop);

} // namespace backendim
