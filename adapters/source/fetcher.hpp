#pragma once

#include "adapters/source.hpp"

#include <memory>

namespace backendim::source {

struct fetcher_options {
  /// Whether git may clone from paths of this machine, which it reads with our rights. For tests
  /// and for machines with one user.
  bool local_repositories = false;
};

/// libarchive and the git command. Files become 0644 or 0755, whatever the archive says.
std::shared_ptr<source_fetcher> make_fetcher(fetcher_options options = {});

} // namespace backendim::source
