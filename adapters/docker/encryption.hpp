#pragma once

#include <boost/describe/enum.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <functional>
#include <string>

namespace backendim::docker {

/// Whether tenants' networks are encrypted (IPsec ESP) between machines. Within one machine nothing
/// of theirs is on a wire.
enum class network_encryption : uint8_t { off = 1, when_possible, required };
BOOST_DESCRIBE_ENUM(network_encryption, off, when_possible, required)

/// What keeps this machine from it, in a sentence; empty: nothing. Blocks for some milliseconds.
using encryption_probe = std::function<std::string()>;

/// Asks the kernel for one such association, in a network namespace that goes with it. Takes root
/// and iproute2. Docker itself does not notice when there is none: a network is made, and what goes
/// to another machine is dropped in silence.
std::string probe_encryption();

/// Why no network of the swarm in *info*, the engine's /info, can be encrypted now, in a sentence;
/// empty: it can. Other machines of it cannot be looked into, so with any of them it cannot.
std::string why_not_encrypted(const boost::json::value& info, const encryption_probe& probe);

} // namespace backendim::docker
