#pragma once

#include "adapters/source.hpp"

#include <boost/json/object.hpp>

#include <memory>
#include <string>
#include <vector>

/// Named differently from its folder: `inspect` is taken by CAF's inspectors in this namespace.
namespace backendim::inspection {

/// Which language versions a build can start from.
struct options {
  /// Each "language@X", "language@X..Y" or "language@X+", where X is a major version for node and
  /// major.minor for the others. The default is what deploy/base-images makes on Debian 12 without
  /// an image hub: Node from the npm registry, Go through its own toolchain switch, the rest from
  /// Debian's packages.
  std::vector<std::string> available
    = {"node@16..24", "python@3.11", "go@1.19", "go@1.21+", "rust@1.96"};
  /// An image hub can be reached: every version that is plausible counts as available.
  bool hub = false;
};

/// An inspector without state: calls may run at the same time.
std::shared_ptr<source_inspector> make_inspector(options x = {});

/// The JSON Schema (2020-12) of backend-im.yml, for editors.
boost::json::object config_schema();

} // namespace backendim::inspection
