#pragma once

#include <caf/expected.hpp>

#include <string>

namespace backendim {

/// An OCI distribution registry. Calls block for at most a few seconds.
class registry {
public:
  virtual ~registry() = default;

  /// Whether *image* ("host:port/repository@sha256:..." or ":tag") can be pulled.
  /// Fails with unavailable and a failure {registry_unavailable}.
  virtual caf::expected<bool> has(const std::string& image) = 0;
};

} // namespace backendim
