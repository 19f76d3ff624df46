#pragma once

#include "adapters/domain_inspector.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace backendim::dns {

struct inspector_options {
  std::string server;      ///< As resolver has it.
  uint16_t http_port = 80; ///< Where the front door is reached without TLS.
  /// The front door's: see challenge_path in adapters/edge.hpp. Thread-safe.
  std::function<std::string(std::string_view)> mark;
  std::function<std::string()> nonce; ///< A text that nobody knows, of letters, digits, - and _.
};

/// Asks name servers, and a domain's own addresses whether they are this platform's front door.
std::shared_ptr<domain_inspector> make_inspector(inspector_options options);

} // namespace backendim::dns
